"""A picture of every state of the page, to be looked at: artefacts/page/, not kept in git."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Opener
from .test_examples import STATES, VIEWS, settled

PICTURES = Path(__file__).parents[3] / "artefacts" / "page"
SIZES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"},
    "wall": {"viewport": {"width": 3840, "height": 2160}, "color_scheme": "dark"},
    # A laptop's 1280 px at 200 % zoom.
    "zoom": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}
OF_A_CALL = {"warming", "silence", "agent", "poor", "paused", "stopped", "no-notice", "restarted"}
"""States that are looked at in the call, not in the list."""
pytestmark = pytest.mark.slow


def keep(page: Page, name: str) -> None:
    """Take the picture of a view that stands still."""
    settled(page)
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    """Take the picture of a view as it is."""
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("state", [*STATES, "one", "forty", "many"])
def test_every_state_is_pictured(open_page: Opener, example_site: str, state: str) -> None:
    place = "#/calls/c1" if state in OF_A_CALL else "#/"
    page = open_page(f"{example_site}?state={state}{place}")
    if state in STATES and state not in OF_A_CALL:
        expect(page.get_by_text(STATES[state]).first).to_be_visible()
    # What waits for the server never stands still.
    (shoot if state == "connecting" else keep)(page, f"state-{state}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_pictured_in_every_size(
    open_page: Opener, example_site: str, view: str, size: str
) -> None:
    page = open_page(f"{example_site}{VIEWS[view]}", **SIZES[size])
    if view == "review":
        page.get_by_label("Your name").fill("Ada")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="What do you hear?")).to_be_visible()
        keep(page, f"review-blind-{size}")
        page.keyboard.press("1")
        expect(page.get_by_text("You heard: fearful")).to_be_visible()
    keep(page, f"{view}-{size}")


@pytest.mark.parametrize("state", ["many", "names"])
@pytest.mark.parametrize("size", ["phone", "wall"])
def test_many_calls_and_long_names_are_pictured(
    open_page: Opener, example_site: str, state: str, size: str
) -> None:
    keep(open_page(f"{example_site}?state={state}", **SIZES[size]), f"{state}-{size}")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_pictured_in_chinese(open_page: Opener, example_site: str, view: str) -> None:
    page = open_page(f"{example_site}{VIEWS[view]}", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    keep(page, f"{view}-chinese")


def test_the_dialogs_are_pictured(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}?state=empty")
    for button, name in {
        "Use this microphone": "notice",
        "Use the server's microphone": "machine",
        "Open a recording": "upload",
    }.items():
        page.get_by_role("button", name=button).click()
        page.get_by_role("dialog").get_by_text("What is known of the call").click()
        keep(page, f"dialog-{name}")
        page.keyboard.press("Escape")
