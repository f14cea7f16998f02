"""Scene profiles and context hints."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import LABELS
from tonewatch.stream.decision.scene.scenes import (
    SceneError,
    load_scenes,
    profiled,
    scene_of,
    shift_of,
)
from tonewatch.stream.settings import DecisionSettings

SCENES = load_scenes(None)


def test_the_packaged_file_has_three_to_five_hints_in_two_languages_for_each_scene() -> None:
    assert set(SCENES.profiles) == {"customer_service", "medical", "education", "emergency"}
    for name in SCENES.profiles:
        rules = [rule for rule in SCENES.hints if rule.scene == name]
        assert 3 <= len(rules) <= 5
        for rule in rules:
            assert any(word.isascii() for word in rule.words)
            assert any(not word.isascii() for word in rule.words)


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("medical consultation, patient feels unwell", ["unwell"]),
        ("Patient has NAUSEA and pain.", ["pain", "nausea"]),
        ("患者感到恶心，明天手术", ["恶心", "手术"]),
        ("painless painting of an operational contest", []),
        ("手术surgery", ["surgery"]),
        ("customer complains about a refund", ["complains", "refund"]),
        ("病人说肚子疼", ["肚子疼"]),
        ("a test call from the smoking lounge, 卫生间里有人抽烟，心疼", []),
        ("", []),
    ],
)
def test_hints_are_whole_english_words_and_chinese_ones_anywhere(
    context: str, words: list[str]
) -> None:
    scene = SCENES.scene(context)
    assert sorted(hint.word for hint in scene.hints) == sorted(words) if scene else not words


def test_a_profile_looks_for_its_own_hints_only() -> None:
    scene = SCENES.scene("refund, patient in pain", "medical")
    assert scene is not None
    assert {hint.scene for hint in scene.hints} == {"medical"}
    assert scene.version == SCENES.version
    assert scene.thresholds["floor_points"] == 30.0


def test_nothing_found_and_no_profile_is_no_scene() -> None:
    assert SCENES.scene("a call about a parcel") is None
    assert shift_of(None) is None


@given(st.text(max_size=200), st.sampled_from(["", *SCENES.profiles]))
def test_shifts_are_bounded_whatever_the_text(context: str, profile: str) -> None:
    scene = SCENES.scene(context, profile)
    shift = shift_of(scene)
    assert shift is None or np.abs(shift).max() <= SCENES.largest_shift


def test_all_hints_at_once_stay_within_the_largest_shift() -> None:
    every = " ".join(word for rule in SCENES.hints for word in rule.words)
    shift = shift_of(SCENES.scene(every))
    assert shift is not None
    assert shift[LABELS.index("fearful")] == SCENES.largest_shift


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(SceneError, match="unknown profile 'opera': known are customer_service"):
        SCENES.scene("", "opera")


def test_thresholds_of_a_profile_replace_those_of_the_settings_and_nothing_else() -> None:
    plain = DecisionSettings(floor_points=50.0, smooth_ms=400)
    changed = profiled(plain, SCENES.scene("", "emergency"))
    assert (changed.floor_points, changed.open_ms, changed.lost_to_neutral) == (25.0, 200, True)
    assert changed.smooth_ms == 400
    assert profiled(plain, None) is plain


def test_the_settings_may_name_a_profile_and_switch_everything_off() -> None:
    named = scene_of(DecisionSettings(profile="medical"), SCENES, "")
    assert named is not None
    assert named.profile == "medical"
    assert scene_of(DecisionSettings(enabled=False, profile="medical"), SCENES, "pain") is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("version = 1", "version"),
        ("version", "not TOML"),
        ('version = "1"\n[profiles.a]\nflor = 3', "profile a"),
        ('version = "1"\n[profiles.a]\nenabled = false', "enabled is not a threshold"),
        ('version = "1"\n[[hints]]\nscene = "a"\nwords = ["x"]\nshifts = {glad = 1.0}', "shifts"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "scenes.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SceneError, match=told) as raised:
        load_scenes(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="cannot be read"):
        load_scenes(tmp_path / "none.toml")
