import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, MASKED_LOGIT, NEUTRAL
from tonewatch.stream.decision.rivals import Standing, independent, kind, ranks, views
from tonewatch.stream.settings import DecisionSettings

from .streams import logits_of

SETTINGS = DecisionSettings()

simplex = arrays(np.float64, len(LABELS), elements=st.floats(1e-9, 1.0)).map(lambda p: p / p.sum())
wild = arrays(np.float64, len(LABELS), elements=st.floats(-60, 60))


def standing_of(p: np.ndarray) -> Standing:
    """How the rivals stand in the probabilities [9] of one frame."""
    return Standing.of(*views(np.log(p)[None], np.ones(len(LABELS), bool)))


def found(fear: float, disgust: float) -> tuple[float, float, str | None]:
    """Independent scores and kind of two probabilities of one softmax."""
    f, d = independent(logits_of({FEARFUL: fear, DISGUSTED: disgust}))
    return round(f, 1), round(d, 1), kind(f, d, fear + disgust, SETTINGS)


def test_independent_scores_of_the_source_cases():
    assert found(0.50, 0.45) == (90.9, 90.0, "dual")
    assert found(0.60, 0.30) == (85.7, 75.0, "needs_review")
    assert found(0.85, 0.05) == (89.5, 33.3, None)


def test_calm_speech_with_a_tiny_gap_says_nothing():
    fear, disgust, share = 0.087, 0.055, 0.00142
    assert kind(fear, disgust, share, SETTINGS) is None
    assert found(0.00087, 0.00055)[2] is None


@pytest.mark.parametrize(
    ("fear", "disgust", "expected"),
    [
        (72.1, 68.9, "dual"),
        (64.2, 58.1, "needs_review"),
        (89.7, 12.3, None),
        (12.3, 89.7, None),
        (31.5, 28.9, None),
        (60.0, 60.0, "needs_review"),
        (65.0, 60.1, "dual"),
        (66.0, 61.0, "needs_review"),
        (75.0, 60.0, None),
        (74.9, 60.0, "needs_review"),
        (59.9, 58.0, None),
    ],
)
def test_kind_of_independent_scores(fear, disgust, expected):
    assert kind(fear, disgust, 0.8, SETTINGS) == expected


def test_no_kind_under_the_share_floor():
    assert kind(72.1, 68.9, 0.2, SETTINGS) is None


@given(simplex)
def test_independent_scores_are_the_softmax_without_the_rival(p):
    fear, disgust = independent(np.log(p))
    assert fear == pytest.approx(100 * p[FEARFUL] / (1 - p[DISGUSTED]), rel=1e-5, abs=1e-6)
    assert disgust == pytest.approx(100 * p[DISGUSTED] / (1 - p[FEARFUL]), rel=1e-5, abs=1e-6)


@given(wild)
def test_leaving_the_rival_out_never_lowers_a_score_and_keeps_the_order(logits):
    scores, fear, disgust = views(logits[None], np.ones(len(LABELS), bool))
    assert scores.sum() == pytest.approx(1)
    assert 100 * scores[0, FEARFUL] - 1e-9 <= fear[0] <= 100
    assert 100 * scores[0, DISGUSTED] - 1e-9 <= disgust[0] <= 100
    assert (fear[0] - disgust[0]) * (logits[FEARFUL] - logits[DISGUSTED]) >= -1e-6


@given(wild)
def test_swapping_the_two_swaps_the_scores_and_keeps_the_kind(logits):
    swapped = logits.copy()
    swapped[[FEARFUL, DISGUSTED]] = logits[[DISGUSTED, FEARFUL]]
    fear, disgust = independent(logits)
    assert independent(swapped) == pytest.approx((disgust, fear))
    assert kind(fear, disgust, 0.5, SETTINGS) == kind(disgust, fear, 0.5, SETTINGS)


@given(simplex)
def test_every_kind_keeps_what_it_promises_over_the_whole_simplex(p):
    fear, disgust = independent(np.log(p))
    share = p[FEARFUL] + p[DISGUSTED]
    what = kind(fear, disgust, share, SETTINGS)
    if what is not None:
        assert max(fear, disgust) >= SETTINGS.floor_points
        assert share >= SETTINGS.floor_share
        assert abs(fear - disgust) < 15
    if what == "dual":
        assert min(fear, disgust) > 60
        assert abs(fear - disgust) < 5


@given(simplex, st.floats(0, 20))
def test_relaxed_thresholds_let_go_of_nothing(p, relax):
    standing = standing_of(p)
    on = DecisionSettings(lost_to_neutral=True)
    assert ranks(standing, on, relax) >= ranks(standing, on)


@given(simplex)
def test_a_narrow_loss_is_a_win_of_neutral_above_the_floors(p):
    standing = standing_of(p)
    on = DecisionSettings(lost_to_neutral=True)
    if ranks(standing, on) == 1:
        assert p.argmax() == NEUTRAL
        assert p[NEUTRAL] - max(p[FEARFUL], p[DISGUSTED]) < 0.15
        assert max(standing.fear, standing.disgust) >= 35
    else:
        assert ranks(standing, on) == ranks(standing, SETTINGS)


@pytest.mark.parametrize("gap", [0.0, 1.0, 20.0, 40.0, 47.0, 700.0])
def test_scores_stay_sharp_at_gaps_where_probabilities_vanish(gap):
    logits = np.full(len(LABELS), -300.0)
    logits[FEARFUL] = gap
    logits[DISGUSTED] = -1.0
    logits[0] = -2.0
    fear, disgust = independent(logits)
    # Without fear, disgust beats the next one by one logit: 1 / (1 + e**-1), whatever fear's lead.
    assert disgust == pytest.approx(100 / (1 + np.exp(-1)))
    assert fear == pytest.approx(100 / (1 + np.exp(-2 - gap)))


@pytest.mark.parametrize("temperature", [1.0, 3.0, 1000.0])
def test_an_unknown_label_has_no_mass_at_any_temperature(temperature):
    logits = np.zeros((1, len(LABELS)))
    logits[0, -1] = MASKED_LOGIT
    known = np.ones(len(LABELS), bool)
    known[-1] = False
    scores, _, _ = views(logits / temperature, known)
    assert scores[0, -1] == 0
    assert scores[0, :-1] == pytest.approx(1 / 8)
