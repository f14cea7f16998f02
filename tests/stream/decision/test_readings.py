from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tonewatch.models.labels import FEARFUL, LABELS, NEUTRAL
from tonewatch.stream.decision.readings import NO_EMOTION, ReadingColumns, columns, judge

from .streams import logits_of

KNOWN = np.ones(len(LABELS), bool)


def readings(start: int, length: int, spoken: float = 0.7) -> ReadingColumns:
    """Random readings of some frames."""
    rng = np.random.default_rng(start + length)
    kept = rng.random(length) < spoken
    logits = rng.normal(0, 3, (int(kept.sum()), len(LABELS)))
    judged = judge(logits, KNOWN, rivals=True, unknown_below=0.35, poor=False)
    return columns(start, kept, logits, judged)


def test_the_strongest_label_is_the_emotion_and_its_score_the_confidence():
    rows = np.stack([logits_of({FEARFUL: 0.8}), logits_of({NEUTRAL: 0.6})])
    judged = judge(rows, KNOWN, rivals=True, unknown_below=0.35, poor=False)
    assert [LABELS[i] for i in judged.emotion] == ["fearful", "neutral"]
    assert np.allclose(judged.confidence, [0.8, 0.6])


def test_low_confidence_is_unknown_and_the_scores_stay():
    row = logits_of({FEARFUL: 0.3, NEUTRAL: 0.2})[None]
    judged = judge(row, KNOWN, rivals=True, unknown_below=0.35, poor=False)
    assert LABELS[judged.emotion[0]] == "unknown"
    assert np.isclose(judged.scores[0, FEARFUL], 0.3)


def test_poor_audio_is_unknown_and_the_scores_stay():
    row = logits_of({FEARFUL: 0.9})[None]
    judged = judge(row, KNOWN, rivals=True, unknown_below=0.35, poor=True)
    assert LABELS[judged.emotion[0]] == "unknown"
    assert np.isclose(judged.scores[0, FEARFUL], 0.9)


def test_silence_has_no_reading():
    silent = readings(0, 10, spoken=0.0)
    assert (silent.emotion == NO_EMOTION).all()
    assert np.isnan(silent.scores).all()
    assert silent.to_points(4).scores == (None, None, None)
    assert silent.to_points(4).fear == (None, None, None)


def test_columns_are_read_only():
    part = readings(0, 10)
    assert not part.scores.flags.writeable
    assert not part.part(2, 5).fear.flags.writeable


@given(st.integers(0, 50), st.integers(1, 12), st.lists(st.integers(0, 60), max_size=6))
def test_points_are_contiguous_across_updates(start, step, cuts):
    whole = readings(start, 60)
    bounds = [0, *sorted(cuts), 60]
    parts = [whole.part(a, b).to_points(step) for a, b in pairwise(bounds)]
    expected = whole.to_points(step)
    assert sum((part.scores for part in parts), ()) == expected.scores
    assert sum((part.emotion for part in parts), ()) == expected.emotion
    assert sum((part.fear for part in parts), ()) == expected.fear
    following = expected.start
    for part in parts:
        assert part.start % step == 0
        assert part.start == following
        following += step * len(part.scores)


def test_points_are_rounded_for_the_wire():
    points = readings(0, 40, spoken=1.0).to_points(4)
    for row in points.scores:
        assert row is not None
        assert all(round(value, 4) == value for value in row)
        assert abs(sum(row) - 1) < 1e-3
    assert all(value is not None and round(value, 2) == value for value in points.fear)


@given(
    arrays(np.float64, (3, len(LABELS)), elements=st.floats(-40, 40)),
    st.floats(-1, 1),
    st.integers(1, 100),
)
def test_context_and_line_never_touch_the_raw_scores(logits, more_fear, trust):
    shift = np.zeros(len(LABELS))
    shift[LABELS.index("fearful")] = more_fear
    plain = judge(logits, KNOWN, rivals=True, unknown_below=0.35, poor=False)
    moved = judge(
        logits, KNOWN, rivals=True, unknown_below=0.35, poor=False, shift=shift, trust=trust
    )
    assert np.array_equal(moved.scores, plain.scores)
    assert ((moved.fear - plain.fear) * more_fear >= -1e-9).all()
    assert ((moved.fear >= 0) & (moved.fear <= 100)).all()
    assert (moved.confidence <= plain.confidence).all()
    doubted = moved.emotion == LABELS.index("unknown")
    assert (doubted | (moved.emotion == plain.emotion)).all()
