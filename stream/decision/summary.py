"""A whole leg's result: the softmax of its mean settled speech frame.

In logits the mean frame is the pooled utterance (the classifier is affine); a mean of softmaxes
would be another number.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...models.labels import LABELS, Label
from ...models.window import Float32
from .arrays import Bool, Float64, Int64
from .readings import judge
from .smoothing import STEPS, to_steps

Doubt = Literal["", "no speech", "low confidence", "poor audio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a session's result says of the scored leg."""

    emotion: Label
    confidence: float | None
    """Score of the strongest known label, 0 to 1; null without speech."""
    scores: tuple[float, ...] | None
    """Nine probabilities in the order of LABELS; null without speech."""
    fear: float | None
    """Independent scores in points; null where they are not decided."""
    disgust: float | None
    speech_frames: int
    doubt: Doubt = ""
    """Why the emotion is `unknown` by the product's own checks."""
    adjusted: "Summary | None" = None
    """The same with what the session's context adds to it; null where it adds nothing."""


class Total:
    """Sum of a leg's settled speech frames, in integers: the same for any chunking.

    Exact for 300 hours of speech, the masked logits included.
    """

    def __init__(self) -> None:
        self._steps: Int64 = np.zeros(len(LABELS), np.int64)
        self._frames = 0
        self._poor = 0
        self._trust = 0
        """Percents, summed over frames."""

    def push(self, logits: Float32, *, poor: bool = False, trust: int = 100) -> None:
        """Add logits [k, 9] of speech frames, and how far their audio is trusted."""
        self._steps += to_steps(logits).sum(axis=0)
        self._frames += len(logits)
        self._poor += len(logits) * poor
        self._trust += len(logits) * trust

    def summary(
        self,
        known: Bool,
        *,
        temperature: float,
        rivals: bool,
        unknown_below: float,
        shift: Float64 | None = None,
    ) -> Summary:
        """The result so far; audio counts as poor where it was for more than half the speech.

        `shift` [9], in log-odds, is what context adds; it changes `adjusted` alone.
        """
        if not self._frames:
            return Summary(
                emotion="unknown",
                confidence=None,
                scores=None,
                fear=None,
                disgust=None,
                speech_frames=0,
                doubt="no speech",
            )
        mean = self._steps[None] / (self._frames * STEPS * temperature)
        poor = 2 * self._poor > self._frames
        plain = self._judged(mean, known, rivals=rivals, unknown_below=unknown_below, poor=poor)
        if shift is None:
            return plain
        moved = self._judged(
            mean + shift, known, rivals=rivals, unknown_below=unknown_below, poor=poor
        )
        return replace(plain, adjusted=moved)

    def _judged(
        self, mean: Float64, known: Bool, *, rivals: bool, unknown_below: float, poor: bool
    ) -> Summary:
        trust = self._trust // self._frames
        judged = judge(
            mean, known, rivals=rivals, unknown_below=unknown_below, poor=poor, trust=trust
        )
        confidence = float(judged.confidence[0])
        low = confidence < unknown_below
        poor = poor or (low and confidence * 100 >= unknown_below * trust)
        return Summary(
            emotion=LABELS[int(judged.emotion[0])],
            confidence=confidence,
            scores=tuple(judged.scores[0].tolist()),
            fear=float(judged.fear[0]) if rivals else None,
            disgust=float(judged.disgust[0]) if rivals else None,
            speech_frames=self._frames,
            doubt="poor audio" if poor else "low confidence" if low else "",
        )
