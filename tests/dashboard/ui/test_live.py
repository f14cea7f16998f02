"""The page against the real server: a scripted engine for what must appear, then the real one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, expect

from tonewatch.dashboard import compose
from tonewatch.models.registry import find
from tonewatch.models.settings import EngineSettings
from tonewatch.stream.sources.demo import demo_call

from .conftest import Opener
from .looks import wait_for_pixels
from .serving import Site, TornEngine, monitor, site


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose engine cannot tell fear from disgust."""
    engine = TornEngine(find(EngineSettings()).manifest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "load_engine", lambda _: engine)
        with monitor(tmp_path_factory.mktemp("outputs")) as parts, site(parts) as serving:
            yield serving


@pytest.fixture
def customer(tmp_path: Path) -> Path:
    """The demo call's customer alone, a WAV file that the fake microphone can play."""
    samples, rate = soundfile.read(demo_call(), dtype="float32", always_2d=True)
    path = tmp_path / "customer.wav"
    spoken = np.flatnonzero(np.abs(samples[:, 0]) > 0.05)[0]
    soundfile.write(path, samples[max(0, spoken - rate // 4) :, 0], rate, subtype="PCM_16")
    return path


def test_an_uploaded_call_shows_its_curves_and_its_flag(
    open_page: Opener, torn: Site, customer: Path
) -> None:
    page = open_page(torn.url)
    page.get_by_role("button", name="Open a recording").click()
    page.get_by_label("Recording", exact=True).set_input_files(customer)
    page.get_by_role("button", name="Play it").click()
    expect(page.get_by_role("heading", name="customer")).to_be_visible()
    wait_for_pixels(page, ".plot canvas", "--fearful")
    wait_for_pixels(page, ".plot canvas", "--disgusted")
    flag = page.locator(".flags li").first
    expect(flag.get_by_text("needs review")).to_be_visible()
    expect(page.get_by_text("hard to tell apart")).to_be_visible()
    page.get_by_role("link", name="All calls").click()
    expect(page.locator(".calls li .row-flags").first).to_be_visible()


def test_a_lost_connection_comes_back_with_the_calls(open_page: Opener, torn: Site) -> None:
    open_page.allowed = ("WebSocket connection", "ERR_CONNECTION_REFUSED")
    page = open_page(torn.url)
    page.get_by_role("button", name="Play the demo call").click()
    expect(page.get_by_role("heading", name="Demo call")).to_be_visible()
    wait_for_pixels(page, ".plot canvas", "--fearful")
    torn.stop()
    expect(page.get_by_text("The connection is lost.")).to_be_visible()
    torn.start()
    expect(page.get_by_text("Connected again")).to_be_visible()
    wait_for_pixels(page, ".plot canvas", "--fearful")
    page.get_by_role("button", name="End the call").click()
    expect(page.get_by_role("link", name="Open the recording")).to_be_visible()


def test_an_ended_call_is_found_heard_and_reviewed(
    open_page: Opener, torn: Site, customer: Path
) -> None:
    page = open_page(torn.url)
    page.get_by_role("button", name="Open a recording").click()
    page.get_by_label("Recording", exact=True).set_input_files(customer)
    page.get_by_label("Pace").select_option("fast")
    page.get_by_role("button", name="Play it").click()
    page.get_by_role("link", name="Open the recording").click()
    expect(page.get_by_role("button", name="Play", exact=True).first).to_be_visible()
    wait_for_pixels(page, ".plot canvas", "--fearful")
    page.get_by_role("button", name="Play", exact=True).first.click()
    expect(page.get_by_role("slider")).not_to_have_value("0")
    page.get_by_role("link", name="Review").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="fearful", exact=True).click()
    expect(page.get_by_text("You heard: fearful")).to_be_visible()
    wait_for_pixels(page, ".duel canvas", "--fearful")
    page.get_by_role("link", name="Past", exact=True).click()
    page.get_by_label("Search by name").fill("custom")
    expect(page.get_by_role("link", name="customer").first).to_be_visible()


def test_what_is_no_recording_is_refused_in_words(
    open_page: Opener, torn: Site, tmp_path: Path
) -> None:
    open_page.allowed = ("422",)
    path = tmp_path / "letter.wav"
    path.write_text("Dear Sir or Madam")
    page = open_page(torn.url)
    page.get_by_role("button", name="Open a recording").click()
    page.get_by_label("Recording", exact=True).set_input_files(path)
    page.get_by_role("button", name="Play it").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("That did not work")


def test_a_refused_microphone_is_explained(open_page: Opener, torn: Site) -> None:
    page = open_page(torn.url)
    page.get_by_role("button", name="Use this microphone").click()
    page.get_by_role("button", name="They have been told: start").click()
    expect(page.get_by_text("The browser refused the microphone")).to_be_visible()


@pytest.mark.slow
def test_the_browsers_microphone_moves_the_curves(
    open_page: Opener,
    speaking_browser: Callable[[Path], Browser],
    customer: Path,
    tmp_path: Path,
) -> None:
    with monitor(tmp_path / "outputs") as parts, site(parts) as serving:
        page = open_page(serving.url, browser=speaking_browser(customer))
        page.get_by_role("button", name="Use this microphone").click()
        page.get_by_role("button", name="They have been told: start").click()
        expect(page.get_by_text("This microphone is on")).to_be_visible()
        expect(page.get_by_text("browser microphone").first).to_be_visible()
        expect(page.locator(".now .say")).to_have_text(re.compile("the voice sounds|cannot tell"))
        expect(page.locator(".pins .figures").first).to_have_text(re.compile(r"\d+ %"))
        page.get_by_role("button", name="Stop the microphone").first.click()
        expect(page.get_by_role("link", name="Open the recording")).to_be_visible()
        open_page.close()
    assert len(list((tmp_path / "outputs").glob("outputs_*/result.json"))) == 1


@pytest.mark.slow
def test_without_a_notice_the_voice_is_recorded_and_not_scored(
    open_page: Opener,
    speaking_browser: Callable[[Path], Browser],
    customer: Path,
    torn: Site,
) -> None:
    page = open_page(torn.url, browser=speaking_browser(customer))
    page.get_by_role("button", name="Use this microphone").click()
    page.get_by_role("button", name="Record without scoring").click()
    expect(page.get_by_text("recorded, not scored (no notice)")).to_be_visible()
    expect(page.get_by_role("button", name="Stop scoring")).to_have_count(0)
    page.get_by_role("button", name="Stop the microphone").first.click()
    expect(page.get_by_role("link", name="Open the recording")).to_be_visible()
