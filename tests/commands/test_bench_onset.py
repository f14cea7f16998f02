"""`tonewatch bench onset`: the arithmetic of splices and crossings."""

import math

import numpy as np
import pytest

from tonewatch.commands.bench_onset import _crossing, _level, _trim
from tonewatch.models.labels import LABELS, NEUTRAL

ANGRY = LABELS.index("angry")


def test_a_crossing_is_counted_from_the_onset() -> None:
    scores = np.zeros((100, len(LABELS)))
    scores[:, NEUTRAL] = 0.6
    scores[75:, ANGRY] = 0.7
    assert _crossing(scores, ANGRY, 50) == pytest.approx(0.5)


def test_a_curve_that_never_crosses_is_missed() -> None:
    scores = np.zeros((100, len(LABELS)))
    scores[:, NEUTRAL] = 0.6
    scores[:40, ANGRY] = 0.9
    assert math.isinf(_crossing(scores, ANGRY, 50))


def test_clips_are_spliced_without_their_silence_and_at_one_level() -> None:
    wave = np.zeros(1000, np.float32)
    wave[300:700] = 0.3
    cut = _level(_trim(wave))
    assert len(cut) == 400
    assert np.sqrt((cut**2).mean()) == pytest.approx(0.05)
