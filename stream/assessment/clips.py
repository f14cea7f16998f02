"""Figures on single clips: a clip's mean frame stands for the span of a flag. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ...models.evaluation.metrics import interval
from ...models.labels import DISGUSTED, FEARFUL, LABELS, UNKNOWN
from ..decision.arrays import Bool, Float64
from ..decision.rivals import POINTS, Standing, ranks, views
from ..settings import DecisionSettings

Ints = npt.NDArray[np.int64]
COVERAGES: Final = (100, 90, 80, 70, 50)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """What is decided on n clips."""

    fear: Float64
    """[n] independent score, points."""
    disgust: Float64
    fear_enhanced: Float64
    """[n] with the centres' say where the gap is small; else as it was."""
    disgust_enhanced: Float64
    review: Bool
    """[n] whether it is sent to review."""
    answer: Ints
    """[n] the emotion that is told, UNKNOWN included."""
    strongest: Ints
    """[n] the strongest label, however sure."""
    confidence: Float64
    """[n] of the strongest label, 0 to 1."""


def decide(
    logits: Float64,
    similarity: Float64 | None,
    known: Bool,
    temperature: float,
    settings: DecisionSettings,
) -> Decided:
    """Decide on clips' mean logits [n, 9]; `similarity` [n] is the centres' fear, points."""
    scores, fear, disgust = views(logits / temperature, known)
    ranked = ranks(Standing.of(scores, fear, disgust), settings)
    confidence = scores.max(axis=1)
    answer = np.where(confidence < settings.unknown_below, UNKNOWN, scores.argmax(axis=1))
    one, other = fear, disgust
    if similarity is not None:
        close = np.abs(fear - disgust) < settings.tie_gap_points
        weight = settings.tie_similarity
        one = np.where(close, (1 - weight) * fear + weight * similarity, fear)
        other = np.where(close, (1 - weight) * disgust + weight * (POINTS - similarity), disgust)
    return Decided(
        fear=fear,
        disgust=disgust,
        fear_enhanced=one,
        disgust_enhanced=other,
        review=ranked > 0,
        answer=answer.astype(np.int64),
        strongest=scores.argmax(axis=1).astype(np.int64),
        confidence=confidence,
    )


def figures(decided: Decided, targets: Ints, speakers: Sequence[str]) -> dict[str, Any]:
    """Of clips of the two alone, labels `targets` [n]; percent, with 95 % intervals over speakers.

    Raises ValueError without clips.
    """
    truth = targets == FEARFUL
    plain = (decided.fear > decided.disgust) == truth
    helped = (decided.fear_enhanced > decided.disgust_enhanced) == truth
    gap = np.abs(decided.fear - decided.disgust)
    close = (decided.fear_enhanced != decided.fear) | (decided.disgust_enhanced != decided.disgust)
    kept = ~decided.review
    rows: dict[str, Any] = {
        "clips": len(truth),
        "speakers": len(set(speakers)),
        "two_class": share(plain, speakers),
        "two_class_with_tie_break": share(helped, speakers),
        "change": difference(helped, plain, speakers),
        "close": percent(close.mean()),
        "close_right": percent(plain[close].mean()) if close.any() else None,
        "close_right_with_tie_break": percent(helped[close].mean()) if close.any() else None,
        "sent_to_review": share(decided.review, speakers),
        "right_of_not_sent": percent(helped[kept].mean()) if kept.any() else None,
        "right_of_sent": percent(helped[~kept].mean()) if (~kept).any() else None,
        "risk_coverage": {f"{c} %": risk(gap, helped, c / 100) for c in COVERAGES},
        "went_to": went_to(decided.answer, targets),
    }
    return rows


def risk(gap: Float64, right: Bool, coverage: float) -> float:
    """Error, in percent, of the share of clips with the widest gaps."""
    count = max(1, round(coverage * len(gap)))
    widest = np.argsort(-gap, kind="stable")[:count]
    return percent(1 - right[widest].mean())


def went_to(answer: Ints, targets: Ints) -> dict[str, dict[str, int]]:
    """For fear and disgust, how often each emotion was told instead or rightly."""
    return {
        LABELS[label]: {
            LABELS[index]: int(count)
            for index, count in enumerate(np.bincount(answer[targets == label], minlength=9))
            if count
        }
        for label in (FEARFUL, DISGUSTED)
    }


def unknown_curve(confidence: Float64, right: Bool) -> dict[str, dict[str, float]]:
    """For each `unknown_below` the share that is unknown, and the accuracy of the rest, percent."""
    rows = {}
    for limit in (0.0, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        told = confidence >= limit
        rows[f"{limit:.2f}"] = {
            "unknown": percent(1 - told.mean()),
            "right": percent(right[told].mean()) if told.any() else 0.0,
        }
    return rows


def share(hits: Bool, speakers: Sequence[str]) -> dict[str, float]:
    """Percent of hits, with its interval over speakers."""
    low, high = interval(lambda rows: float(hits[rows].mean()), speakers)
    return {"value": percent(hits.mean()), "low": percent(low), "high": percent(high)}


def difference(one: Bool, other: Bool, speakers: Sequence[str]) -> dict[str, float]:
    """Points by which `one` hits more often than `other`, paired."""
    more = one.astype(np.float64) - other
    low, high = interval(lambda rows: float(more[rows].mean()), speakers)
    return {"value": percent(more.mean()), "low": percent(low), "high": percent(high)}


def percent(value: float | np.floating[Any]) -> float:
    """A share as percent, one digit."""
    return round(100 * float(value), 1)
