"""Thresholds that follow the running state of a call."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.decision.history import History
from tonewatch.stream.settings import DecisionSettings

ON = DecisionSettings(adaptive=True, adapt_s=30, adapt_after_s=10)


def rises(scores: np.ndarray, sizes: list[int], settings: DecisionSettings = ON) -> np.ndarray:
    history, found, at = History(settings), [], 0
    for size in [*sizes, len(scores)]:
        part = scores[at : at + size]
        found.append(history.push(part, len(part)))
        at += len(part)
    return np.concatenate(found)


def test_switched_off_nothing_moves() -> None:
    assert not rises(np.full(3000, 90.0), [], DecisionSettings()).any()


def test_a_voice_that_is_always_high_raises_its_floors_and_a_calm_one_lowers_them() -> None:
    assert rises(np.full(1500, 40.0), [])[-1] == 10.0
    assert rises(np.full(1500, 10.0), [])[-1] == -5.0
    assert rises(np.full(1500, 100.0), [])[-1] == ON.adapt_most_points


def test_nothing_moves_before_enough_was_heard() -> None:
    assert not rises(np.full(500, 90.0), []).any()


def test_old_speech_is_forgotten() -> None:
    scores = np.concatenate([np.full(1500, 90.0), np.full(1500, 20.0)])
    assert rises(np.append(scores, 20.0), [])[-1] == 0.0


@given(st.lists(st.integers(0, 400), max_size=12))
def test_any_chunking_gives_the_same_rises(sizes: list[int]) -> None:
    scores = np.random.default_rng(5).uniform(0, 100, 1600)
    assert (rises(scores, sizes) == rises(scores, [])).all()


def test_the_provisional_end_leaves_no_trace() -> None:
    scores = np.full(700, 60.0)
    history = History(ON)
    history.push(scores, 600)
    again = history.push(scores[600:], 100)
    assert (again == rises(scores, [])[600:]).all()
