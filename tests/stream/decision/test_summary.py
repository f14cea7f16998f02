from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import FEARFUL, LABELS, MASKED_LOGIT
from tonewatch.stream.decision.summary import Summary, Total

from .streams import decide, logits_of, random_stream, script

KNOWN = np.ones(len(LABELS), bool)


def summed(total: Total, **changes: object) -> Summary:
    """The summary at plain settings."""
    arguments = {"temperature": 1.0, "rivals": True, "unknown_below": 0.35} | changes
    return total.summary(KNOWN, **arguments)  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.floats(0.5, 5))
def test_result_is_the_softmax_of_the_mean_speech_frame(seed, temperature):
    stream = random_stream(seed, 200)
    kept = stream.speech & stream.valid
    result = decide(stream, temperature=temperature).decision.summary()
    if not kept.any():
        assert result.scores is None
        return
    mean = stream.logits[kept].astype(np.float64).mean(axis=0) / temperature
    expected = np.exp(mean - mean.max())
    assert result.scores == pytest.approx(tuple(expected / expected.sum()), abs=1e-6)
    assert result.speech_frames == kept.sum()


@given(st.integers(0, 10_000), st.lists(st.integers(0, 300), max_size=20))
def test_any_chunking_gives_the_same_bits(seed, cuts):
    logits = random_stream(seed, 300).logits
    whole, pieces = Total(), Total()
    whole.push(logits)
    bounds = [0, *sorted(cuts), 300]
    for start, stop in pairwise(bounds):
        pieces.push(logits[start:stop])
    assert summed(pieces) == summed(whole)


def test_without_speech_the_result_is_unknown_and_says_why():
    result = decide(script(("pause", 100))).decision.summary()
    assert result.emotion == "unknown"
    assert result.doubt == "no speech"
    assert result.scores is None


def test_low_confidence_is_unknown_and_keeps_the_scores():
    total = Total()
    total.push(np.zeros((10, len(LABELS)), np.float32))
    result = summed(total)
    assert (result.emotion, result.doubt) == ("unknown", "low confidence")
    assert result.scores == pytest.approx((1 / 9,) * 9)


def test_mostly_poor_audio_is_unknown_and_says_why():
    row = logits_of({FEARFUL: 0.9}).astype(np.float32)
    total = Total()
    total.push(np.tile(row, (10, 1)))
    total.push(np.tile(row, (10, 1)), poor=True)
    assert (summed(total).emotion, summed(total).doubt) == ("fearful", "")
    total.push(row[None], poor=True)
    assert (summed(total).emotion, summed(total).doubt) == ("unknown", "poor audio")


def test_the_sum_holds_for_days_of_masked_logits():
    total = Total()
    rows = np.full((500_000, len(LABELS)), MASKED_LOGIT, np.float32)
    rows[:, FEARFUL] = 1.0
    for _ in range(4):
        total.push(rows)
    assert summed(total).emotion == "fearful"
