"""The page on its own example calls: every view and state, in a real browser, without a server."""

import re
from collections.abc import Container, Iterable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Opener
from .looks import pixels, wait_for_pixels

SHORT = ("empty", "no-notice", "agents-scored", "lost")
"""States that every run of the tests looks at; the others are slow in sum."""
STATES = {
    "empty": "No call is on",
    "loading": "The model is loading",
    "warming": "1 call",
    "silence": "silence",
    "agent": "the agent is speaking",
    "poor": "line poor",
    "paused": "paused: nothing is kept",
    "stopped": "scoring was stopped",
    "no-notice": "recorded, not scored (no notice)",
    "agents-scored": "Agents are being scored",
    "disk": "The disk is full",
    "engine": "The model stopped",
    "lost": "The connection is lost",
    "recovered": "Connected again",
    "restarted": "Connected again",
    "connecting": "Connecting to the monitor",
    "mic-on": "This microphone is on",
    "mic-refused": "The browser refused the microphone",
    "mic-missing": "No microphone was found",
    "mic-unplugged": "The microphone was unplugged",
    "names": "A very long name",
}
VIEWS = {
    "calls": "#/",
    "call": "#/calls/c1",
    "review": "#/review",
    "past": "#/sessions",
    "recording": "#/sessions/p1",
}


def settled(page: Page) -> None:
    """Wait until the view has what it shows."""
    expect(page.locator('section.page:not([aria-busy="true"])')).to_be_visible()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def _often(names: Iterable[str], often: Container[str]) -> list[Any]:
    """Test parameters: all but the often looked-at ones are slow."""
    slow = pytest.mark.slow
    return [name if name in often else pytest.param(name, marks=slow) for name in names]


@pytest.mark.parametrize("state", _often(STATES, SHORT))
def test_every_state_says_what_it_is(open_page: Opener, example_site: str, state: str) -> None:
    page = open_page(f"{example_site}?state={state}")
    expect(page.get_by_text(STATES[state]).first).to_be_visible()


def test_calls_with_a_flag_come_first(open_page: Opener, example_site: str) -> None:
    page = open_page(example_site)
    rows = page.locator(".calls li")
    expect(rows).to_have_count(5)
    flagged = [rows.nth(i).locator(".row-flags").count() for i in range(5)]
    assert flagged == sorted(flagged, reverse=True)
    assert flagged[0] == 1


def test_curves_of_fear_and_disgust_are_drawn(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    wait_for_pixels(page, ".plot canvas", "--fearful")
    wait_for_pixels(page, ".plot canvas", "--disgusted")


def test_a_digit_pins_a_curve_and_the_arrows_move_the_time(
    open_page: Opener, example_site: str
) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    wait_for_pixels(page, ".plot canvas", "--fearful")
    sad = page.get_by_role("button", name=re.compile("^sad"))
    expect(sad).to_have_attribute("aria-pressed", "false")
    before = pixels(page, ".plot canvas", "--sad")
    page.keyboard.press("7")
    expect(sad).to_have_attribute("aria-pressed", "true")
    wait_for_pixels(page, ".plot canvas", "--sad", before + 100)
    page.locator(".plot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(re.compile(r"^at \d+:\d\d$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("now", exact=True)).to_be_visible()


def test_a_call_is_opened_and_left_by_keyboard(open_page: Opener, example_site: str) -> None:
    page = open_page(example_site)
    page.locator("a.row.call").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_visible()
    expect(page).to_have_url(re.compile("#/calls/c"))
    page.go_back()
    expect(page.locator(".calls li")).to_have_count(5)


def test_the_numbers_are_a_table_too(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    page.get_by_text("Numbers as a table").click()
    table = page.get_by_role("table")
    expect(table.locator("thead th")).to_have_count(10)
    expect(table.locator("tbody tr").first).to_be_visible()


def test_pause_and_stop_scoring_take_one_click(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused: nothing is kept")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Stop scoring").click()
    expect(page.get_by_text("scoring was stopped")).to_be_visible()


def test_chinese_is_chosen_once_and_remembered(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name=re.compile("恐惧"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name=re.compile("厌恶"))).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_the_theme_follows_the_system_and_can_be_switched(
    open_page: Opener, example_site: str
) -> None:
    page = open_page(example_site, color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Theme: system").click()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_a_past_call_plays_with_its_head_on_the_curves(
    open_page: Opener, example_site: str
) -> None:
    page = open_page(f"{example_site}#/sessions/p1")
    page.get_by_role("button", name="Next flag").click()
    page.get_by_role("button", name="Play").first.click()
    head = page.get_by_role("slider")
    expect(head).not_to_have_value("0")
    wait_for_pixels(page, ".plot canvas", "--accent")
    page.get_by_role("button", name="Pause").click()


def test_a_call_whose_sound_was_deleted_says_so(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/sessions/p2")
    expect(page.get_by_text("The audio of this call was deleted")).to_be_visible()
    wait_for_pixels(page, ".plot canvas", "--fearful")


def test_flags_are_reviewed_one_at_a_time(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/review")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    question = page.get_by_role("heading", name="What do you hear?")
    expect(question).to_be_visible()
    # Nothing of the model's answer before the vote.
    expect(page.locator(".duel")).to_have_count(0)
    expect(page.locator(".review")).not_to_contain_text("points apart")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text("You heard: disgusted")).to_be_visible()
    wait_for_pixels(page, ".duel canvas", "--fearful")
    page.keyboard.press("u")
    expect(question).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("You heard: fearful")).to_be_visible()
    page.keyboard.press("Enter")
    expect(question).to_be_visible()


def test_agreement_is_drawn_and_told(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/review")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("How far model and reviewers agree").click()
    expect(page.get_by_role("img", name="Share of decided flags")).to_be_visible()
    expect(page.get_by_text("alpha 0.62")).to_be_visible()


def test_what_was_learned_is_adopted_and_taken_back(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/review")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.get_by_text("Learn from reviews").click()
    expect(page.get_by_text("In force: the model as it came.")).to_be_visible()
    page.get_by_role("button", name="Adopt it").click()
    expect(page.get_by_text("In force: version 1.")).to_be_visible()
    page.get_by_role("button", name="Take the last adoption back").click()
    expect(page.get_by_text("In force: the model as it came.")).to_be_visible()


def test_scores_are_erased_once_scoring_was_stopped(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/calls/c1")
    page.on("dialog", lambda dialog: dialog.accept())
    expect(page.locator(".flags li").first).to_be_visible()
    page.get_by_role("button", name="Stop scoring").click()
    page.get_by_role("button", name="Erase scores so far").click()
    expect(page.get_by_text("Nothing needs a look.")).to_be_visible()
    expect(page.get_by_role("button", name="Erase scores so far")).to_have_count(0)
    page.get_by_role("button", name="Score again").click()
    expect(page.get_by_role("button", name="Stop scoring")).to_be_visible()


def test_the_servers_microphone_is_chosen_by_name(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}?state=empty")
    page.get_by_role("button", name="Use the server's microphone").click()
    dialog = page.get_by_role("dialog", name="The server's microphone")
    dialog.get_by_label("Microphone").select_option("Headset (USB)")
    dialog.get_by_text("What is known of the call").click()
    dialog.get_by_label("Scene").fill("medical")
    dialog.get_by_role("button", name="They have been told: start").click()
    expect(page.get_by_role("alert")).to_contain_text("this page has no server")


def test_a_past_call_is_renamed(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}#/sessions/p1")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name of the call").fill("Second try")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Second try")).to_be_visible()


def test_the_notice_is_asked_before_a_voice_is_scored(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}?state=empty")
    page.get_by_role("button", name="Use this microphone").click()
    dialog = page.get_by_role("dialog", name="Before the voice is analysed")
    expect(dialog.get_by_text("This call is analysed for emotion in the voice.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe finds, as rule and element."""
    return [
        (problem["id"], node["html"][:120])
        for problem in Axe().run(page).response["violations"]
        if problem["impact"] in ("serious", "critical")
        for node in problem["nodes"]
    ]


@pytest.mark.parametrize("view", _often(VIEWS, ("calls", "call")))
@pytest.mark.parametrize("theme", _often(("light", "dark"), "light"))
def test_axe_finds_nothing_serious(
    open_page: Opener, example_site: str, view: str, theme: str
) -> None:
    page = open_page(f"{example_site}{VIEWS[view]}", color_scheme=theme)
    settled(page)
    assert serious(page) == []


@pytest.mark.parametrize("theme", _often(("light", "dark"), "light"))
def test_axe_finds_nothing_serious_in_a_review(
    open_page: Opener, example_site: str, theme: str
) -> None:
    page = open_page(f"{example_site}#/review", color_scheme=theme)
    assert serious(page) == []
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What do you hear?")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("1")
    expect(page.get_by_text("You heard: fearful")).to_be_visible()
    page.get_by_text("How far model and reviewers agree").click()
    page.get_by_text("Learn from reviews").click()
    expect(page.get_by_role("button", name="Adopt it")).to_be_visible()
    assert serious(page) == []


@pytest.mark.parametrize("view", _often(VIEWS, ("call",)))
@pytest.mark.parametrize("width", [320, 640, 2560])
def test_nothing_runs_over_the_edge(
    open_page: Opener, example_site: str, view: str, width: int
) -> None:
    viewport = {"width": width, "height": 640}
    page = open_page(f"{example_site}?state=names{VIEWS[view]}", viewport=viewport)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.slow
def test_two_hundred_calls_are_shown(open_page: Opener, example_site: str) -> None:
    page = open_page(f"{example_site}?state=many")
    expect(page.locator(".calls li")).to_have_count(200)
    expect(page.get_by_role("heading", name="200 calls")).to_be_visible()
