"""What the page's sources promise: contrast, words in both languages, types from the schema."""

import re
from pathlib import Path

import pytest

import tonewatch.dashboard
from tonewatch.dashboard import schema
from tonewatch.models.labels import CHINESE, LABELS

UI = Path(tonewatch.dashboard.__file__).with_name("ui")
pytestmark = pytest.mark.skipif(not UI.is_dir(), reason="installed without the page's sources")

GROUNDS = ("ground", "raised", "accent-wash", "alert-wash")


def themes() -> dict[str, dict[str, str]]:
    """Colours of both themes by name, from the style sheet."""
    text = (UI / "src" / "style" / "theme.css").read_text()
    rules = re.findall(r":root(\[[^\]]*\])?\s*\{([^}]*)\}", text)
    return {
        "dark" if selector else "light": dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))
        for selector, body in rules
    }


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2 defines it, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_line_stands_out_from_its_ground(theme: str) -> None:
    colours = themes()[theme]
    for label in LABELS:
        for ground in ("ground", "accent-wash"):
            ratio = contrast(colours[label], colours[ground])
            assert ratio >= 3, f"{theme}: {label} on {ground} has {ratio:.2f}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read(theme: str) -> None:
    colours = themes()[theme]
    pairs = [(ink, ground) for ink in ("ink", "ink-quiet") for ground in GROUNDS]
    pairs += [("accent", "ground"), ("accent", "accent-wash"), ("alert", "ground")]
    pairs += [("accent-ink", "accent"), ("alert-ink", "alert")]
    for ink, ground in pairs:
        ratio = contrast(colours[ink], colours[ground])
        assert ratio >= 4.5, f"{theme}: {ink} on {ground} has {ratio:.2f}"


def test_both_themes_name_the_same_colours() -> None:
    light, dark = themes()["light"], themes()["dark"]
    assert light.keys() == dark.keys()


def words(language: str) -> dict[str, str]:
    """A dictionary's entries by key."""
    text = (UI / "src" / "words" / f"{language}.ts").read_text()
    return dict(re.findall(r'^  "([\w.-]+)":\s*"((?:[^"\\]|\\.)*)"', text, re.MULTILINE))


def test_both_languages_have_the_same_words_with_the_same_holes() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        holes = sorted(re.findall(r"\{\w+\}", text))
        assert sorted(re.findall(r"\{\w+\}", chinese[key])) == holes, key


def test_the_nine_labels_are_those_of_the_product() -> None:
    english, chinese = words("en"), words("zh")
    assert {label: english[f"label.{label}"] for label in LABELS} == {x: x for x in LABELS}
    assert {label: chinese[f"label.{label}"] for label in LABELS} == CHINESE


def test_the_pages_types_are_made_from_the_present_schema() -> None:
    kept = (UI / "src" / "generated" / "schema.json").read_text()
    assert kept == schema.text(), (
        "run `python -m tonewatch.dashboard.schema dashboard/ui/src/generated/schema.json`, "
        "then `npm run types` in dashboard/ui"
    )


def test_the_lock_file_names_no_addresses() -> None:
    assert '"resolved"' not in (UI / "package-lock.json").read_text()


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in sorted(UI.glob("src/**/*.ts*")) + sorted(UI.glob("src/**/*.css")):
        found = re.findall(r"https?://(?!www\.w3\.org)\S+", path.read_text())
        assert found == [], path.name
