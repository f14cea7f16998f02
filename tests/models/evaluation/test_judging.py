from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.evaluation.conditions import CLEAN
from tonewatch.models.evaluation.judging import (
    among,
    figures_of,
    read_clips,
    robustness,
    truth_of,
)
from tonewatch.models.labels import ANGRY, FEARFUL, LABELS, NEUTRAL, Label
from tonewatch.models.training.corpus import Clip

from .scripted import ScriptedEngine

KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")


def clip(speaker: str, label: Label) -> Clip:
    return Clip(path=Path("x"), corpus="made", speaker=speaker, label=label, gender="f")


def sure_of(labels: list[Label], by: float = 3.0) -> np.ndarray:
    logits = np.zeros((len(labels), len(LABELS)), np.float32)
    logits[np.arange(len(labels)), [LABELS.index(label) for label in labels]] = by
    return logits


def test_each_clip_is_read_by_the_engine_that_may_judge_it() -> None:
    engines = {"a": ScriptedEngine(), "b": ScriptedEngine()}
    clips = [clip("a", "angry"), clip("b", "neutral"), clip("b", "angry")]
    waves = [np.full(16_000, level, np.float32) for level in (0.8, 0.05, 0.7)]
    logits = read_clips(lambda one: engines[one.speaker], clips, waves, CLEAN)
    assert logits.argmax(axis=1).tolist() == [ANGRY, NEUTRAL, ANGRY]
    assert [engine.calls.count("infer") for engine in engines.values()] == [1, 2]


def test_figures_count_rights_by_group_and_tell_the_price_of_unknown() -> None:
    clips = [clip("a", "angry"), clip("a", "neutral"), clip("b", "angry"), clip("b", "neutral")]
    logits = sure_of(["angry", "neutral", "angry", "angry"])
    logits[3] *= 0.1
    found = figures_of(clips, logits, 1.0, KNOWN, ["wide"] * 4)
    assert found["groups"]["all"]["all"]["uar"] == 75.0
    assert set(found["groups"]) == {"all", "corpus", "gender", "band"}
    assert found["confusion"]["neutral"] == {"angry": 1, "fearful": 0, "neutral": 1}
    assert found["rivals"] is None
    assert found["risk_coverage"]["75 %"] == 0.0
    assert found["risk_coverage"]["100 %"] == 25.0
    assert found["unknown_below"]["75 %"] > 0.9 > 0.6 > found["unknown_below"]["100 %"]


def test_a_condition_is_told_against_the_same_clips_read_clean() -> None:
    clips = [clip(speaker, label) for speaker in "ab" for label in ("angry", "neutral")]
    clean = sure_of(["angry", "neutral"] * 2)
    worse = sure_of(["angry", "neutral", "angry", "angry"])
    found = robustness({"clean": clean, "line": worse}, clips)
    assert found["clean"] == {"uar": 100.0, "change": 0.0, "change_interval": [0.0, 0.0]}
    assert found["line"] == {"uar": 75.0, "change": -25.0, "change_interval": [-50.0, 0.0]}


@given(st.lists(st.sampled_from([ANGRY, FEARFUL, NEUTRAL]), min_size=1, max_size=9))
def test_a_label_that_no_clip_has_is_no_answer(labels: list[int]) -> None:
    truth = np.array(labels)
    scores = among(np.zeros((len(truth), len(LABELS)), np.float32), truth, 2.0)
    assert scores.sum(axis=1) == pytest.approx(1)
    assert set(np.flatnonzero(scores[0] > 1e-6)) == set(labels)


def test_labels_are_numbers_of_the_nine() -> None:
    assert truth_of([clip("a", "fearful")]).tolist() == [FEARFUL]
