"""Fear and disgust as rivals: each read as if the other did not exist, and when they are too close.

Two scores of one softmax cannot both be above one half. Read independently they can:
fear = p_fear / (1 - p_disgust), which is the softmax without disgust, and the other way round.
Real logits are 20 to 47 apart, where 1 - p is zero, so all of it is computed from logits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ...models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from ..events import EpisodeKind
from ..settings import DecisionSettings
from .arrays import Bool, Float64

POINTS: Final = 100.0
"""Points of a probability of 1."""

ALL_KNOWN: Final[tuple[bool, ...]] = (True,) * len(LABELS)

KINDS: Final[tuple[EpisodeKind, ...]] = ("lost_to_neutral", "needs_review", "dual")
"""Rank r is KINDS[r - 1], rank 0 is nothing; the higher rank wins within an episode."""


def softmax(logits: Float64, kept: Bool) -> Float64:
    """Softmax over the last axis [9] among the labels kept; the others get exactly 0."""
    powers = np.where(kept, logits, -np.inf)
    powers -= powers.max(axis=-1, keepdims=True)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def without(rival: int, known: Bool) -> Bool:
    """The known labels [9] less one."""
    kept = known.copy()
    kept[rival] = False
    return kept


def views(logits: Float64, known: Bool) -> tuple[Float64, Float64, Float64]:
    """Scores, independent fear and independent disgust of logits over the temperature.

    `logits` [n, 9] and `known` [9] give scores [n, 9] (probabilities, exactly 0 for labels that
    are not known), fear [n] and disgust [n] in points, 0 to 100. Both rivals must be known for the
    last two to mean anything.
    """
    kept = np.stack([known, without(DISGUSTED, known), without(FEARFUL, known)])
    three = softmax(logits[:, None, :], kept)
    return three[:, 0], POINTS * three[:, 1, FEARFUL], POINTS * three[:, 2, DISGUSTED]


def independent(logits: npt.ArrayLike) -> tuple[float, float]:
    """Fear without disgust and disgust without fear, in points, of one frame's logits [9]."""
    row = np.asarray(logits, np.float64).reshape(1, len(LABELS))
    _, fear, disgust = views(row, np.array(ALL_KNOWN))
    return float(fear[0]), float(disgust[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """How fear and disgust stand in n frames; what every rule of an episode looks at."""

    fear: Float64
    """[n] independent score, points."""
    disgust: Float64
    share: Float64
    """[n] p_fear + p_disgust."""
    lead: Float64
    """[n] points by which neutral leads the stronger of the two; inf where neutral did not win."""
    rise: Float64
    """[n] points by which the floors are higher than the settings say."""

    @property
    def stronger(self) -> Float64:
        """[n] the higher one of the two."""
        return np.maximum(self.fear, self.disgust)

    @classmethod
    def of(cls, scores: Float64, fear: Float64, disgust: Float64) -> "Standing":
        """From scores [n, 9] and the independent scores [n]."""
        lead = scores[:, NEUTRAL] - np.maximum(scores[:, FEARFUL], scores[:, DISGUSTED])
        return cls(
            fear=fear,
            disgust=disgust,
            share=scores[:, FEARFUL] + scores[:, DISGUSTED],
            lead=np.where(scores.argmax(axis=-1) == NEUTRAL, POINTS * lead, np.inf),
            rise=np.zeros(len(scores)),
        )

    def part(self, rows: slice) -> "Standing":
        """Some of the frames."""
        return Standing(
            fear=self.fear[rows],
            disgust=self.disgust[rows],
            share=self.share[rows],
            lead=self.lead[rows],
            rise=self.rise[rows],
        )


def above_floors(standing: Standing, settings: DecisionSettings, relax: float = 0.0) -> Bool:
    """Whether fear and disgust are there at all: a small gap between two nothings means nothing."""
    return _above(standing, settings.floor_points, settings.floor_share, relax)


def _above(standing: Standing, points: float, share: float, relax: float) -> Bool:
    rise = standing.rise - relax
    floor = standing.stronger >= points + rise
    return np.asarray(floor & (standing.share >= share + rise / POINTS))


def ranks(
    standing: Standing, settings: DecisionSettings, relax: float = 0.0
) -> npt.NDArray[np.int8]:
    """Rank of each frame (KINDS), 0 where nothing is to be said.

    `relax` in points loosens every threshold, for an episode that is open. A narrow loss to neutral
    counts because listeners too hear more than a third of acted fear and disgust as neutral
    (CREMA-D's votes on voice alone); its floors are lower, for where neutral wins neither of the
    two has half.
    """
    gap = np.abs(standing.fear - standing.disgust)
    weaker = np.minimum(standing.fear, standing.disgust)
    floors = above_floors(standing, settings, relax)
    dual = (
        floors
        & (weaker > settings.dual_floor_points - relax)
        & (gap < settings.dual_gap_points + relax)
    )
    review = floors & (gap < settings.review_gap_points + relax)
    lost = (
        _above(standing, settings.lost_floor_points, settings.lost_floor_share, relax)
        & (standing.lead < settings.lost_gap_points + relax)
        & settings.lost_to_neutral
    )
    return np.where(dual, np.int8(3), np.where(review, np.int8(2), lost.astype(np.int8)))


def kind(
    fear: float, disgust: float, share: float, settings: DecisionSettings, lead: float = np.inf
) -> EpisodeKind | None:
    """What one reading calls for; the numbers are those of `Standing`."""
    standing = Standing(
        fear=np.array([fear]),
        disgust=np.array([disgust]),
        share=np.array([share]),
        lead=np.array([lead]),
        rise=np.zeros(1),
    )
    rank = int(ranks(standing, settings)[0])
    return KINDS[rank - 1] if rank else None
