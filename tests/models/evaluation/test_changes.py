from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tonewatch.models.evaluation.changes import (
    HELD,
    NOBODY,
    Spliced,
    diarisation,
    judge_changes,
    live_logits,
    onset,
    readings,
    splices,
)
from tonewatch.models.labels import ANGRY, DISGUSTED, FEARFUL, LABELS, NEUTRAL
from tonewatch.models.training.corpus import Clip

from .scripted import ScriptedEngine

LEVELS = {"angry": 0.8, "neutral": 0.05, "disgusted": -0.8}
"""What the scripted engine hears so."""


def material() -> tuple[list[Clip], list[np.ndarray]]:
    clips, waves = [], []
    for speaker in ("a", "b"):
        for label, level in LEVELS.items():
            clips.append(Clip(path=Path("x"), corpus="c", speaker=speaker, label=label))
            waves.append(np.full(32_000, level, np.float32))
    return clips, waves


def test_a_splice_knows_where_the_emotion_begins() -> None:
    clips, waves = material()
    found = splices(clips, waves, range(9), 10)
    assert sorted(one.label for one in found) == [ANGRY, ANGRY, DISGUSTED, DISGUSTED]
    for one in found:
        assert one.start == 100
        assert one.truth.tolist() == [NEUTRAL] * 100 + [one.label] * 100 + [NEUTRAL] * 100
    assert len(splices(clips, waves, range(9), 3)) == 3
    assert splices(clips[:1], waves[:1], range(9), 3) == [], "no neutral clip of the speaker"


def test_an_engine_that_follows_at_once_is_late_by_smoothing_hop_and_hold() -> None:
    clips, waves = material()
    figures = judge_changes(lambda _: ScriptedEngine(), clips, waves, lambda _: None)
    assert figures is not None
    row = figures["onsets"]["angry"]
    assert (row["splices"], row["found"]) == (2, 100.0)
    # Found within half of the smoothing, the hold and a hop of 240 ms.
    assert 0.24 <= row["median_s"] <= 0.3 + 0.24 + 0.24
    assert figures["confused"] == 0
    assert 0 < figures["eder"] < 15
    assert figures["eder"] == pytest.approx(figures["missed"] + figures["false_alarm"], abs=0.11)


def test_frames_keep_their_first_answer_and_its_time() -> None:
    wave = np.full(48_000, 0.1, np.float32)
    logits, shown = live_logits(ScriptedEngine(), wave)
    assert (shown[:50] >= 50).all(), "the shortest window is a second"
    late = shown - np.arange(150)
    assert late[60:].min() >= 1
    assert late[60:].max() <= 12
    assert logits[:, ANGRY] == pytest.approx(0.1, abs=1e-3)


def test_an_emotion_that_is_never_on_top_has_no_onset() -> None:
    truth = np.full(100, FEARFUL)
    spliced = Spliced(wave=np.zeros(0, np.float32), truth=truth, label=FEARFUL, start=0)
    shown = np.arange(100) + 5
    assert onset(spliced, np.full(100, NEUTRAL), shown) is None
    flicker = np.where(np.arange(100) % HELD == 0, NEUTRAL, FEARFUL)
    assert onset(spliced, flicker, shown) is None
    assert onset(spliced, truth, shown) == pytest.approx((HELD - 1 + 5) / 50)


ROWS = arrays(np.int64, 60, elements=st.sampled_from([NOBODY, NEUTRAL, ANGRY, FEARFUL]))


@given(ROWS, ROWS)
def test_the_error_is_the_share_of_wrong_speech(truth: np.ndarray, answers: np.ndarray) -> None:
    truth[0] = NEUTRAL
    answers = np.where(truth == NOBODY, NOBODY, np.where(answers == NOBODY, NEUTRAL, answers))
    speech = truth != NOBODY
    wrong = float((truth[speech] != answers[speech]).mean())
    assert diarisation(truth, answers)["eder"] == pytest.approx(wrong)


def test_readings_look_back_alone() -> None:
    logits = np.zeros((100, len(LABELS)), np.float32)
    logits[50:, FEARFUL] = 1
    truth = np.full(100, NEUTRAL)
    logits[:, NEUTRAL] = 0.5
    told = readings(logits, truth)
    assert (told[:50] == NEUTRAL).all()
    assert (told[66:] == FEARFUL).all()


def test_without_a_neutral_voice_nothing_can_be_spliced() -> None:
    clips, waves = material()
    angry = [i for i, clip in enumerate(clips) if clip.label == "angry"]
    found = judge_changes(
        lambda _: ScriptedEngine(),
        [clips[i] for i in angry],
        [waves[i] for i in angry],
        lambda _: None,
    )
    assert found is None
