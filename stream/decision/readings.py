"""From smoothed logits to readings: nine scores, fear against disgust, one emotion or `unknown`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...models.labels import LABELS, UNKNOWN
from ...models.window import Float32, frozen
from ..events import Points
from .arrays import Bool, Float64, spread
from .rivals import views

NO_EMOTION = -1
"""Emotion index of a frame without a reading."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadingColumns:
    """Readings of consecutive frames, as read-only columns."""

    start_frame: int
    scores: Float32
    """[n, 9] probabilities in the order of LABELS; NaN where nobody spoke."""
    fear: Float32
    """[n] independent score, 0 to 100 points; NaN where nobody spoke or it is not decided."""
    disgust: Float32
    emotion: npt.NDArray[np.int8]
    """[n] index into LABELS; NO_EMOTION where nobody spoke."""
    confidence: Float32
    """[n] 0 to 1; NaN where nobody spoke."""
    valid: Bool
    """[n] whether there is a reading."""
    logits: Float32
    """[n, 9] smoothed logits, before the temperature; NaN where nobody spoke."""

    def __post_init__(self) -> None:
        columns = (self.scores, self.fear, self.disgust, self.emotion, self.confidence)
        for column in (*columns, self.valid, self.logits):
            frozen(column)

    def __len__(self) -> int:
        return len(self.valid)

    @property
    def stop_frame(self) -> int:
        """First frame behind the last reading."""
        return self.start_frame + len(self)

    def part(self, start: int, stop: int | None = None) -> "ReadingColumns":
        """Rows [start, stop) as columns of their own."""
        rows = slice(start, stop)
        return ReadingColumns(
            start_frame=self.start_frame + start,
            scores=self.scores[rows],
            fear=self.fear[rows],
            disgust=self.disgust[rows],
            emotion=self.emotion[rows],
            confidence=self.confidence[rows],
            valid=self.valid[rows],
            logits=self.logits[rows],
        )

    def to_points(self, step: int) -> Points:
        """The readings of frames that are multiples of `step`, rounded for the wire.

        Successive columns give successive points: none is lost or doubled between them.
        """
        first = -(-self.start_frame // step) * step
        if first >= self.stop_frame:
            return Points(start=first, step=step)
        rows = slice(first - self.start_frame, None, step)
        valid = self.valid[rows].tolist()
        scores = _rounded(self.scores[rows], 4)
        emotion = self.emotion[rows].tolist()
        return Points(
            start=first,
            step=step,
            scores=tuple(
                tuple(row) if spoken else None for row, spoken in zip(scores, valid, strict=True)
            ),
            fear=_numbers(self.fear[rows], 2),
            disgust=_numbers(self.disgust[rows], 2),
            emotion=tuple(LABELS[index] if index >= 0 else None for index in emotion),
            confidence=_numbers(self.confidence[rows], 4),
        )


def _rounded(column: Float32, digits: int) -> list[list[float]]:
    # Rounded as float64: the float32 nearest to 0.1 prints as 0.10000000149.
    rows: list[list[float]] = np.round(column.astype(np.float64), digits).tolist()
    return rows


def _numbers(column: Float32, digits: int) -> tuple[float | None, ...]:
    values: Sequence[float] = np.round(column.astype(np.float64), digits).tolist()
    return tuple(None if value != value else value for value in values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Readings of k speech frames in full precision."""

    scores: Float64
    """[k, 9]."""
    fear: Float64
    """[k] points; NaN where fear and disgust are not decided."""
    disgust: Float64
    emotion: npt.NDArray[np.int8]
    confidence: Float64


def judge(
    logits: Float64,
    known: Bool,
    *,
    rivals: bool,
    unknown_below: float,
    poor: bool,
    trust: int = 100,
    shift: Float64 | None = None,
) -> Judged:
    """Read logits [k, 9] over the temperature.

    The emotion is the strongest known label, or `unknown` where its score is under `unknown_below`
    or the audio is poor; the scores stay as they are.
    `trust` is the percent that the line leaves of the confidence. `shift` [9], in log-odds, is
    what context adds: it moves the independent scores of fear and disgust, nothing else.
    """
    scores, fear, disgust = views(logits, known)
    if shift is not None:
        _, fear, disgust = views(logits + shift, known)
    if not rivals:
        fear = np.full(len(scores), np.nan)
        disgust = fear
    confidence = scores.max(axis=-1, initial=0.0) * (trust / 100)
    doubtful = (confidence < unknown_below) | poor
    emotion = np.where(doubtful, np.int8(UNKNOWN), scores.argmax(axis=-1).astype(np.int8))
    return Judged(scores=scores, fear=fear, disgust=disgust, emotion=emotion, confidence=confidence)


def columns(start_frame: int, kept: Bool, smoothed: Float64, judged: Judged) -> ReadingColumns:
    """Lay k readings on the grid: kept [n] with k true; smoothed [k, 9]."""
    count = len(kept)
    wide = np.full((count, 2, len(LABELS)), np.nan, np.float32)
    spread(judged.scores, wide[:, 0], kept)
    spread(smoothed, wide[:, 1], kept)
    narrow = np.full((3, count), np.nan, np.float32)
    # Row by row: flags beside another index would have numpy hand Python's lock away.
    narrow[0][kept] = judged.fear
    narrow[1][kept] = judged.disgust
    narrow[2][kept] = judged.confidence
    emotion = np.full(count, NO_EMOTION, np.int8)
    emotion[kept] = judged.emotion
    return ReadingColumns(
        start_frame=start_frame,
        scores=wide[:, 0],
        fear=narrow[0],
        disgust=narrow[1],
        emotion=emotion,
        confidence=narrow[2],
        valid=kept,
        logits=wide[:, 1],
    )
