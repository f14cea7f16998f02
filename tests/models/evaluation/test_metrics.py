import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.evaluation.metrics import (
    confidence_at,
    confusion,
    error_at,
    interval,
    macro_f1,
    recalls,
    reliability,
    risk_coverage,
    scores_of,
    uar,
    weighted_accuracy,
)

TRUTH = np.array([0, 0, 0, 0, 1, 1])
ANSWERS = np.array([0, 0, 0, 1, 1, 2])


def test_figures_of_a_small_confusion() -> None:
    counts = confusion(TRUTH, ANSWERS, 3)
    assert counts.tolist() == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert recalls(counts)[:2].tolist() == [0.75, 0.5]
    assert np.isnan(recalls(counts)[2])
    assert uar(counts) == pytest.approx(0.625)
    assert weighted_accuracy(counts) == pytest.approx(4 / 6)
    assert macro_f1(counts) == pytest.approx((6 / 7 + 2 / 4) / 2)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_figures_stay_between_nothing_and_all(pairs: list[tuple[int, int]]) -> None:
    truth, answers = (np.array(column) for column in zip(*pairs, strict=True))
    counts = confusion(truth, answers, 5)
    assert counts.sum() == len(pairs)
    for figure in (uar, weighted_accuracy, macro_f1):
        assert 0 <= figure(counts) <= 1
    perfect = confusion(truth, truth, 5)
    assert uar(perfect) == weighted_accuracy(perfect) == macro_f1(perfect) == 1


def test_a_model_as_right_as_it_is_sure_has_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    logits = (2 * rng.standard_normal((20_000, 9))).astype(np.float32)
    scores = scores_of(logits, 1.0)
    truth = (scores.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert reliability(scores, truth).ece < 0.02
    assert reliability(scores_of(logits, 0.3), truth).ece > 0.1
    assert reliability(scores, truth).share.sum() == pytest.approx(1)


def test_masked_labels_have_no_score() -> None:
    logits = np.zeros((1, 9), np.float32)
    logits[0, 8] = -1e4
    assert scores_of(logits, 1.3)[0].tolist() == [pytest.approx(1 / 8)] * 8 + [0]


def test_the_least_sure_are_left_out_first() -> None:
    scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.5, 0.5]])
    coverage, risk = risk_coverage(scores, np.array([0, 1, 0, 1]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == [0, 0, pytest.approx(1 / 3), 0.5]
    assert error_at(coverage, risk, 0.5) == 0
    assert error_at(coverage, risk, 1.0) == 0.5


def test_an_interval_over_speakers_is_wider_than_over_clips() -> None:
    """Each speaker is wholly right or wholly wrong: ten speakers say less than a hundred clips."""
    right = np.repeat([1, 0, 1, 1, 0, 1, 1, 0, 1, 1], 10)

    def share(rows: np.ndarray) -> float:
        return float(right[rows].mean())

    by_speaker = interval(share, [f"s{i // 10}" for i in range(100)])
    by_clip = interval(share, [f"c{i}" for i in range(100)])
    assert by_speaker[0] <= 0.7 <= by_speaker[1]
    assert by_speaker[1] - by_speaker[0] > 2 * (by_clip[1] - by_clip[0])
    assert by_speaker == interval(share, [f"s{i // 10}" for i in range(100)]), "seeded"


@given(st.floats(0.01, 1.0), st.integers(1, 30))
def test_the_share_asked_for_is_at_least_as_sure_as_told(wanted: float, count: int) -> None:
    confidence = np.random.default_rng(count).random(count)
    scores = np.stack([confidence, np.zeros(count)], axis=1)
    share = float((confidence >= confidence_at(scores, wanted)).mean())
    assert wanted - 1e-9 <= share < wanted + 1 / count + 1e-9
