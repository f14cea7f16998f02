"""Fear and disgust as rivals: each read as if the other did not exist, and when they are too close.

Two scores of one softmax cannot both be above one half. Read independently they can:
fear = p_fear / (1 - p_disgust), which is the softmax without disgust, and the other way round.
Real logits are 20 to 47 apart, where 1 - p is zero, so all of it is computed from logits.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ...models.labels import DISGUSTED, FEARFUL, LABELS
from ..events import EpisodeKind
from ..settings import DecisionSettings
from .arrays import Bool, Float64

POINTS: Final = 100.0
"""Points of a probability of 1."""

ALL_KNOWN: Final[tuple[bool, ...]] = (True,) * len(LABELS)

KINDS: Final[tuple[EpisodeKind, ...]] = ("needs_review", "dual")
"""Rank r is KINDS[r - 1], rank 0 is nothing; the higher rank wins within an episode."""


def views(logits: Float64, known: Bool) -> tuple[Float64, Float64, Float64]:
    """Scores, independent fear and independent disgust of logits over the temperature.

    `logits` [n, 9] and `known` [9] give scores [n, 9] (probabilities, exactly 0 for labels that
    are not known), fear [n] and disgust [n] in points, 0 to 100. Both rivals must be known for the
    last two to mean anything.
    """
    kept = np.stack([known, known, known])
    kept[1, DISGUSTED] = False
    kept[2, FEARFUL] = False
    three = np.where(kept, logits[:, None, :], -np.inf)
    three -= three.max(axis=-1, keepdims=True)
    np.exp(three, out=three)
    three /= three.sum(axis=-1, keepdims=True)
    return three[:, 0], POINTS * three[:, 1, FEARFUL], POINTS * three[:, 2, DISGUSTED]


def independent(logits: npt.ArrayLike) -> tuple[float, float]:
    """Fear without disgust and disgust without fear, in points, of one frame's logits [9]."""
    row = np.asarray(logits, np.float64).reshape(1, len(LABELS))
    _, fear, disgust = views(row, np.array(ALL_KNOWN))
    return float(fear[0]), float(disgust[0])


def above_floors(
    fear: Float64, disgust: Float64, share: Float64, settings: DecisionSettings, relax: float = 0.0
) -> Bool:
    """Whether fear and disgust are there at all: a small gap between two nothings means nothing."""
    floor = np.maximum(fear, disgust) >= settings.floor_points - relax
    return np.asarray(floor & (share >= settings.floor_share - relax / POINTS))


def ranks(
    fear: Float64,
    disgust: Float64,
    share: Float64,
    settings: DecisionSettings,
    *,
    relax: float = 0.0,
) -> npt.NDArray[np.int8]:
    """Rank of each frame (KINDS), 0 where nothing is to be said.

    `fear` and `disgust` [n] in points, `share` [n] = p_fear + p_disgust; `relax` in points loosens
    every threshold (an episode that is open uses it).
    """
    gap = np.abs(fear - disgust)
    weaker = np.minimum(fear, disgust)
    floors = above_floors(fear, disgust, share, settings, relax=relax)
    review = floors & (gap < settings.review_gap_points + relax)
    dual = (
        floors
        & (weaker > settings.dual_floor_points - relax)
        & (gap < settings.dual_gap_points + relax)
    )
    return np.where(dual, np.int8(2), review.astype(np.int8))


def kind(
    fear: float, disgust: float, share: float, settings: DecisionSettings
) -> EpisodeKind | None:
    """What one reading calls for: independent scores in points, `share` = p_fear + p_disgust."""
    rank = int(ranks(np.array([fear]), np.array([disgust]), np.array([share]), settings)[0])
    return KINDS[rank - 1] if rank else None
