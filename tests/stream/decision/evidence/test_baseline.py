"""A speaker's baseline."""

import math

from tonewatch.stream.decision.evidence.baseline import baseline
from tonewatch.stream.decision.evidence.measures import NAN, Measures


def told(pitch: float) -> Measures:
    return Measures(pitch=pitch, melody=1.0, high_band=-10.0, syllables=4.0, bandwidth_hz=7000.0)


def test_the_baseline_is_the_median() -> None:
    assert baseline([told(1.0), told(2.0), told(30.0)], 3).pitch == 2.0


def test_there_is_none_before_enough_was_heard() -> None:
    usual = baseline([told(1.0), told(2.0), told(NAN)], 3)
    assert math.isnan(usual.pitch)
    assert usual.melody == 1.0
