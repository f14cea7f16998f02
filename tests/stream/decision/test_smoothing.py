from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import LABELS, MASKED_LOGIT
from tonewatch.stream.decision.smoothing import Smoother

from .streams import Stream, random_stream

SPAN, FORGET = 7, 10


def plain(stream: Stream) -> np.ndarray:
    """Means of the kept frames, one frame at a time."""
    means, past, silent = [], [], 0
    for logits, kept in zip(stream.logits, stream.speech & stream.valid, strict=True):
        if not kept:
            silent += 1
            continue
        past = [] if silent >= FORGET else past
        past = [*past, logits.astype(np.float64)][-SPAN:]
        silent = 0
        means.append(np.mean(past, axis=0))
    return np.array(means).reshape(-1, len(LABELS))


def smooth(stream: Stream, cuts: list[int], ahead: int = 0) -> np.ndarray:
    """Settled means of a stream in pieces."""
    smoother = Smoother(SPAN, FORGET)
    kept = stream.speech & stream.valid
    bounds = [0, *sorted(cuts), len(stream)]
    parts = []
    for start, stop in pairwise(bounds):
        end = min(len(stream), stop + ahead)
        means = smoother.push(stream.logits[start:end], kept[start:end], stop - start)
        parts.append(means[: kept[start:stop].sum()])
    return np.concatenate(parts)


@given(st.integers(0, 10_000))
def test_mean_is_that_of_the_newest_speech_frames(seed):
    stream = random_stream(seed, 200)
    assert smooth(stream, []) == pytest.approx(plain(stream), abs=1e-6)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 200), max_size=30), st.integers(0, 30))
def test_any_chunking_gives_the_same_bits(seed, cuts, ahead):
    stream = random_stream(seed, 200)
    assert np.array_equal(smooth(stream, cuts, ahead), smooth(stream, []))


def test_one_frame_at_a_time_gives_the_same_bits():
    stream = random_stream(3, 400)
    assert np.array_equal(smooth(stream, list(range(1, 400)), 25), smooth(stream, []))


def test_a_long_silence_is_not_bridged():
    logits = np.repeat(np.array([[1.0] * 9, [5.0] * 9], np.float32), 20, axis=0)
    for pause, expected in ((FORGET - 1, (6 * 1 + 5) / 7), (FORGET, 5.0)):
        smoother = Smoother(SPAN, FORGET)
        smoother.push(logits[:20], np.ones(20, bool), 20)
        smoother.push(np.zeros((pause, 9), np.float32), np.zeros(pause, bool), pause)
        assert smoother.push(logits[20:], np.ones(20, bool), 20)[0] == pytest.approx(expected)


def test_masked_logits_stay_masked():
    logits = np.full((50, 9), MASKED_LOGIT, np.float32)
    assert (Smoother(SPAN, FORGET).push(logits, np.ones(50, bool), 50) == MASKED_LOGIT).all()
