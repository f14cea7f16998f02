import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL, UNKNOWN
from tonewatch.stream.assessment.clips import decide, figures, risk, unknown_curve, went_to
from tonewatch.stream.settings import DecisionSettings

KNOWN = np.ones(len(LABELS), bool)


def logits_of(*pairs: tuple[float, float]) -> np.ndarray:
    rows = np.zeros((len(pairs), len(LABELS)))
    for row, (fear, disgust) in zip(rows, pairs, strict=True):
        row[FEARFUL], row[DISGUSTED] = fear, disgust
    return rows


def test_similarity_turns_close_clips_alone() -> None:
    logits = logits_of((4.0, 3.9), (6.0, 1.0))
    plain = decide(logits, None, KNOWN, 1.0, DecisionSettings())
    helped = decide(logits, np.array([0.0, 0.0]), KNOWN, 1.0, DecisionSettings())
    assert plain.fear_enhanced is plain.fear
    assert helped.fear_enhanced[0] < helped.disgust_enhanced[0]
    assert helped.fear_enhanced[1] == helped.fear[1]


def test_close_clips_go_to_review_and_unsure_ones_are_unknown() -> None:
    found = decide(logits_of((4.0, 3.9), (6.0, 0.0), (0.1, 0.0)), None, KNOWN, 1.0, SETTINGS)
    assert found.review.tolist() == [True, False, False]
    assert found.answer.tolist() == [FEARFUL, FEARFUL, UNKNOWN]
    assert found.strongest.tolist() == [FEARFUL] * 3


def test_figures_count_what_is_right() -> None:
    logits = logits_of((4.0, 3.9), (6.0, 0.0), (0.0, 6.0), (6.0, 0.0))
    targets = np.array([DISGUSTED, FEARFUL, DISGUSTED, DISGUSTED])
    similarity = np.array([0.0, 50.0, 50.0, 50.0])
    decided = decide(logits, similarity, KNOWN, 1.0, SETTINGS)
    found = figures(decided, targets, ["a", "b", "a", "b"])
    assert found["two_class"]["value"] == 50.0
    assert found["two_class_with_tie_break"]["value"] == 75.0
    assert found["change"]["value"] == 25.0
    assert found["sent_to_review"]["value"] == 25.0
    assert found["right_of_not_sent"] == 66.7
    assert found["went_to"]["disgusted"] == {"disgusted": 1, "fearful": 2}


def test_without_a_close_clip_nothing_is_said_of_them() -> None:
    targets = np.array([FEARFUL, DISGUSTED])
    decided = decide(logits_of((6, 0), (0, 6)), None, KNOWN, 1.0, SETTINGS)
    found = figures(decided, targets, ["a", "b"])
    assert found["close_right"] is None
    assert found["right_of_sent"] is None


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), min_size=1, max_size=30))
def test_risk_at_full_coverage_is_the_error(rows: list[tuple[float, bool]]) -> None:
    gap, right = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    assert risk(gap, right, 1.0) == pytest.approx(100 * (1 - right.mean()), abs=0.051)


def test_the_widest_gaps_are_kept() -> None:
    assert risk(np.array([1.0, 9.0]), np.array([False, True]), 0.5) == 0.0


def test_where_missed_clips_went() -> None:
    answer, truth = np.array([NEUTRAL, FEARFUL, UNKNOWN]), np.array([FEARFUL, FEARFUL, DISGUSTED])
    assert went_to(answer, truth) == {
        "fearful": {"fearful": 1, "neutral": 1},
        "disgusted": {"unknown": 1},
    }


def test_a_higher_limit_leaves_more_unknown() -> None:
    confidence = np.linspace(0, 1, 101)
    rows = unknown_curve(confidence, confidence > 0.42)
    unknown = [row["unknown"] for row in rows.values()]
    assert unknown == sorted(unknown)
    assert rows["0.45"]["right"] == 100.0


SETTINGS = DecisionSettings()
