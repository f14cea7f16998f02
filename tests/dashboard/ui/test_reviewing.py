"""The review page in a real browser, against the real queue: blind; one winner for each flag."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.dashboard.reviewing import past_call

from tonewatch.dashboard import compose
from tonewatch.dashboard.parts import Parts
from tonewatch.models.registry import find
from tonewatch.models.settings import EngineSettings
from tonewatch.stream.review.keeper import Keeper

from .conftest import Opener
from .looks import wait_for_pixels
from .serving import Site, TornEngine, monitor, site


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: Opener
) -> Iterator[tuple[Parts, Site]]:
    """A server with a past call, none of whose flags has reached the queue yet."""
    engine = TornEngine(find(EngineSettings()).manifest)
    monkeypatch.setattr(compose, "load_engine", lambda _: engine)
    with monitor(tmp_path / "outputs") as parts, site(parts) as serving:
        yield parts, serving
        open_page.close()


def waiting(parts: Parts, flags: int) -> None:
    """A past call whose flags wait."""
    parts.store.add(past_call(parts.output, flags))
    Keeper(parts.reviews.intake, parts.store, parts.output, parts.bus.publish).reconcile()


def sat_down(open_page: Opener, serving: Site, name: str) -> Page:
    """A page on which a reviewer has said who they are."""
    page = open_page(f"{serving.url}/review")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Begin").click()
    return page


def test_of_two_reviewers_one_gets_the_flag(open_page: Opener, desk: tuple[Parts, Site]) -> None:
    parts, serving = desk
    waiting(parts, 1)
    ada = sat_down(open_page, serving, "Ada")
    expect(ada.get_by_role("button", name="fearful")).to_be_visible()
    bo = sat_down(open_page, serving, "Bo")
    expect(bo.get_by_text("No flag waits").first).to_be_visible()
    expect(bo.get_by_role("button", name="fearful")).to_have_count(0)
    ada.get_by_role("button", name="Skip").click()
    expect(ada.get_by_text("No flag waits").first).to_be_visible()
    bo.get_by_role("button", name="Look again").click()
    expect(bo.get_by_role("button", name="fearful")).to_be_visible()
    ada.get_by_role("button", name="Look again").click()
    expect(ada.get_by_role("button", name="fearful")).to_have_count(0)


def test_nothing_of_the_model_is_seen_before_the_vote(
    open_page: Opener, desk: tuple[Parts, Site]
) -> None:
    parts, serving = desk
    waiting(parts, 1)
    page = sat_down(open_page, serving, "Ada")
    expect(page.get_by_role("button", name="fearful")).to_be_visible()
    words = page.locator("main").inner_text()
    assert not [
        told for told in ("needs review", "centres", "changed places", "bar") if told in words
    ]
    assert page.locator("main canvas").count() == 0
    page.keyboard.press("4")
    expect(page.get_by_text("needs review")).to_be_visible()
    expect(page.get_by_text(re.compile("You heard: neither"))).to_be_visible()
    expect(page.get_by_text("with the model's centres rather disgusted")).to_be_visible()
    expect(page.get_by_text("The two curves changed places at")).to_be_visible()
    expect(page.get_by_text("the bar stood 4 points lower")).to_be_visible()
    wait_for_pixels(page, ".duel canvas", "--accent")
    [decided] = parts.reviews.listed()
    assert decided.votes == 1


def test_a_session_of_reviewing_by_keyboard_alone(
    open_page: Opener, desk: tuple[Parts, Site]
) -> None:
    parts, serving = desk
    waiting(parts, 2)
    page = sat_down(open_page, serving, "Ada")
    expect(page.get_by_role("button", name="fearful")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("a short breath 1")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_text(re.compile("You heard: fearful"))).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="disgusted")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text(re.compile("You heard: disgusted"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="both")).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_text(re.compile("You heard: both"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No flag waits").first).to_be_visible()
    labels = [vote.label for _, vote in parts.reviews.history() if not vote.undone_at]
    assert sorted(labels) == ["both", "disgusted"]


def test_whoever_lost_a_flag_is_told_to_whom(open_page: Opener, desk: tuple[Parts, Site]) -> None:
    open_page.allowed = ("409",)
    parts, serving = desk
    waiting(parts, 1)
    page = sat_down(open_page, serving, "Ada")
    expect(page.get_by_role("button", name="unsure")).to_be_visible()
    [flag] = parts.reviews.listed()
    parts.reviews.release(flag.session, flag.episode, "Ada")
    parts.reviews.claim(flag.session, flag.episode, "Bo")
    page.get_by_role("button", name="unsure").click()
    expect(page.get_by_role("alert")).to_contain_text("Bo")


def test_who_agrees_with_whom_is_drawn_and_exported(
    open_page: Opener, desk: tuple[Parts, Site]
) -> None:
    parts, serving = desk
    waiting(parts, 2)
    page = sat_down(open_page, serving, "Ada")
    page.get_by_role("button", name="fearful").click()
    expect(page.get_by_text(re.compile("You heard: fearful"))).to_be_visible()
    page.get_by_text("How far model and reviewers agree").click()
    expect(page.get_by_role("img", name=re.compile("Share of decided flags"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="All votes as CSV").click()
    assert "fearful" in Path(download.value.path()).read_text()


def test_too_few_decided_flags_are_said_to_be_too_few(
    open_page: Opener, desk: tuple[Parts, Site]
) -> None:
    open_page.allowed = ("409",)
    _, serving = desk
    page = sat_down(open_page, serving, "Ada")
    page.get_by_text("Learn from reviews").click()
    expect(page.get_by_text("In force: the model as it came.")).to_be_visible()
    page.get_by_role("button", name="Learn now").click()
    expect(page.get_by_role("alert")).to_contain_text("decide further flags")
