"""Lessons to a candidate, and whether it is better on lessons held back. Pure.

Three parts, each judged by itself; one that is not better on the lessons held back is left out:
- centres: moved towards the lessons' places, as if `prior` lessons had taught the old ones;
- temperature: the one that minimises the cross-entropy of fear, disgust and neither, among those
  at which the floor in use would still raise what people confirmed. Flags are the moments at which
  a model was wrong or torn, so it takes the model for worse than it is: told, and taken only where
  the settings say so;
- floor: the highest under which nearly all flags that people confirmed would still be raised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...models.centres import Centres, CentresError, Compass, fit
from ...models.labels import DISGUSTED, FEARFUL, LABELS
from ...models.manifest import Manifest
from ..decision.arrays import Bool, Float64
from ..decision.rivals import POINTS, views
from ..settings import DecisionSettings, LearningSettings
from .lessons import Lesson, split

TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(5.0), 93))


class TooFewError(Exception):
    """Too few lessons to learn anything from; the message says how many are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """What decides now, and what might decide instead."""

    temperature: float
    floor_points: float
    centres: Centres | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What was learned; parts that were not better are those in use."""

    parts: InUse
    better: bool
    """Whether any part is better than the one in use."""
    figures: dict[str, Any]
    """Of lessons held back: each part's figure before and after, and whether it was taken."""


def refit(
    heard: Sequence[Lesson],
    now: InUse,
    manifest: Manifest,
    decision: DecisionSettings,
    settings: LearningSettings,
    version: str,
) -> Candidate:
    """Learn from some lessons, judge on the others. Raises TooFewError."""
    learned, back = split(heard, settings.held_back)
    if len(learned) + len(back) < settings.least or not learned or not back:
        raise TooFewError(
            f"{len(learned)} decided flags to learn from and {len(back)} held back: expected "
            f"{settings.least} or more together, of several calls; decide further flags first"
        )
    known = np.array([label in manifest.known for label in LABELS])
    temperature, cooled = _temperature(learned, back, now, known, settings)
    floor, raised = _floor(learned, back, now.floor_points, temperature, known, settings.keep_share)
    centres, turned = _centres(
        learned, back, now.centres, manifest, decision, settings, version, temperature, known
    )
    found = {"temperature": cooled, "floor_points": raised, "centres": turned}
    return Candidate(
        parts=InUse(temperature=temperature, floor_points=floor, centres=centres),
        better=any(one["taken"] for one in found.values()),
        figures={"learned_from": len(learned), "held_back": len(back), **found},
    )


def loss(some: Sequence[Lesson], temperature: float, known: Bool) -> float:
    """Mean cross-entropy, in nats, of fear, disgust, both and neither."""
    scores, _, _ = views(_logits(some) / temperature, known)
    fear, disgust = scores[:, FEARFUL], scores[:, DISGUSTED]
    of = {
        "fearful": fear,
        "disgusted": disgust,
        "both": fear + disgust,
        "neither": 1 - fear - disgust,
    }
    picked = [of[one.outcome][i] for i, one in enumerate(some)]
    return float(-np.log(np.maximum(picked, 1e-9)).mean())


def _temperature(
    learned: Sequence[Lesson],
    back: Sequence[Lesson],
    now: InUse,
    known: Bool,
    settings: LearningSettings,
) -> tuple[float, dict[str, Any]]:
    keep = settings.keep_share

    def kept(some: Sequence[Lesson], value: float) -> float:
        return kept_and_false(some, now.floor_points, value, known)[0]

    # Comparisons with NaN are false: without confirmed flags nothing is taken.
    least = min(keep, kept(learned, now.temperature))
    fit = [float(value) for value in TEMPERATURES if kept(learned, float(value)) >= least]
    best = min(fit, key=lambda value: loss(learned, value, known), default=now.temperature)
    before, after = loss(back, now.temperature, known), loss(back, best, known)
    held = kept(back, now.temperature), kept(back, best)
    taken = settings.temperature and after < before and held[1] >= min(keep, held[0])
    facts = {
        "now": now.temperature,
        "new": best,
        "loss_before": before,
        "loss_after": after,
        "confirmed_kept": [_number(held[0]), _number(held[1])],
    }
    return (best if taken else now.temperature), {**facts, "taken": taken}


def kept_and_false(
    some: Sequence[Lesson], floor: float, temperature: float, known: Bool
) -> tuple[float, float]:
    """Shares of confirmed flags and of those that were neither that stand above a floor; NaN where
    there are none."""
    _, fear, disgust = views(_logits(some) / temperature, known)
    above = np.maximum(fear, disgust) >= floor
    neither = np.array([one.outcome == "neither" for one in some])

    def share(rows: Bool) -> float:
        return float(above[rows].mean()) if rows.any() else float("nan")

    return share(~neither), share(neither)


def _floor(
    learned: Sequence[Lesson],
    back: Sequence[Lesson],
    now: float,
    temperature: float,
    known: Bool,
    keep: float,
) -> tuple[float, dict[str, Any]]:
    good = [
        floor
        for floor in np.arange(10.0, 91.0, 2.5)
        if kept_and_false(learned, float(floor), temperature, known)[0] >= keep
    ]
    best = float(max(good, default=now))
    before = kept_and_false(back, now, temperature, known)
    after = kept_and_false(back, best, temperature, known)
    # Comparisons with NaN are false: without confirmed and unconfirmed flags nothing is taken.
    taken = bool(after[0] >= min(keep, before[0]) and after[1] < before[1])
    facts = {
        "now": now,
        "new": best,
        "confirmed_kept": [_number(before[0]), _number(after[0])],
        "false_kept": [_number(before[1]), _number(after[1])],
    }
    return (best if taken else now), {**facts, "taken": taken}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _centres(
    learned: Sequence[Lesson],
    back: Sequence[Lesson],
    now: Centres | None,
    manifest: Manifest,
    decision: DecisionSettings,
    settings: LearningSettings,
    version: str,
    temperature: float,
    known: Bool,
) -> tuple[Centres | None, dict[str, Any]]:
    some = [one for one in learned if one.outcome in ("fearful", "disgusted")]
    judges = [one for one in back if one.outcome in ("fearful", "disgusted")]
    new = _moved(some, now, manifest, settings.prior, version)
    if new is None or not judges:
        return now, {"right": None, "taken": False}
    right = [named_rightly(judges, centres, temperature, known, decision) for centres in (now, new)]
    taken = right[1] > right[0]
    return (new if taken else now), {"right": right, "clear": len(judges), "taken": taken}


def named_rightly(
    some: Sequence[Lesson],
    centres: Centres | None,
    temperature: float,
    known: Bool,
    decision: DecisionSettings,
) -> float:
    """Share of flags, of one of the two alone, that are named as people did, tie-break included."""
    _, fear, disgust = views(_logits(some) / temperature, known)
    lead = fear - disgust
    if centres is not None:
        compass = Compass(centres)
        share = POINTS * compass.fear_share(compass.place(np.stack([x.features for x in some])))
        weight = decision.tie_similarity
        helped = (1 - weight) * lead + weight * (2 * share - POINTS)
        lead = np.where(np.abs(lead) < decision.tie_gap_points, helped, lead)
    truth = np.array([one.outcome == "fearful" for one in some])
    return float(((lead >= 0) == truth).mean())


def _moved(
    some: Sequence[Lesson],
    now: Centres | None,
    manifest: Manifest,
    prior: float,
    version: str,
) -> Centres | None:
    """The old centres moved towards the lessons, or new ones where there were none."""
    if not some:
        return None
    features = np.stack([one.features for one in some])
    fear = np.array([one.outcome == "fearful" for one in some])
    if now is None:
        targets = np.where(fear, FEARFUL, DISGUSTED)
        try:
            return fit(features, targets, manifest, version=version, fitted_on="reviews")
        except CentresError:
            # Too few of one of the two so far: the other parts can be learned all the same.
            return None
    places = Compass(now).place(features).astype(np.float64)
    places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), 1e-12)
    return now.model_copy(
        update={
            "version": version,
            "fitted_on": f"{now.fitted_on}; {len(some)} reviews",
            "fear": _pulled(now.fear, places[fear], prior),
            "disgust": _pulled(now.disgust, places[~fear], prior),
            "figures": {},
        }
    )


def _pulled(
    centres: tuple[tuple[float, ...], ...], places: Float64, prior: float
) -> tuple[tuple[float, ...], ...]:
    """Each centre drawn towards the places nearest to it, as one of `prior` + n."""
    old = np.array(centres)
    nearest = (places @ old.T).argmax(axis=1)
    moved = np.stack([prior * row + places[nearest == i].sum(0) for i, row in enumerate(old)])
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return tuple(tuple(float(f"{value:.6g}") for value in row) for row in moved)


def _logits(some: Sequence[Lesson]) -> Float64:
    return np.stack([one.logits for one in some]).astype(np.float64)
