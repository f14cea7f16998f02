"""Focus: the spans of an episode in which fear and disgust were clearest, each scored by itself.

A span's score is that of its mean frame logits, out of the windows that held it: cut out and run
alone it would be all edge. Fear is recognised early and briefly, disgust by late, longer cues, so
each has its own longest span.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...models.labels import DISGUSTED, FEARFUL, LABELS
from ...models.window import Float32
from ..events import Episode, Focus
from ..settings import DecisionSettings
from .arrays import Bool, Float64
from .rivals import POINTS, softmax
from .smoothing import STEPS, to_steps
from .times import frames_of

_STRIDE = 5
"""Frames between two lengths that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spoken:
    """Settled speech frames, not smoothed."""

    frames: npt.NDArray[np.intp]
    """[k] rising."""
    logits: Float32
    """[k, 9]."""
    lead: Float64
    """[k] smoothed fear - disgust, points."""
    places: Float32 | None = None
    """[k, P] among the model's centres, if it has any."""

    def between(self, start: int, stop: int | None = None) -> "Spoken":
        """Those of the frames [start, stop)."""
        first = int(np.searchsorted(self.frames, start))
        last = None if stop is None else int(np.searchsorted(self.frames, stop))
        rows = slice(first, last)
        return Spoken(
            frames=self.frames[rows],
            logits=self.logits[rows],
            lead=self.lead[rows],
            places=None if self.places is None else self.places[rows],
        )


NOTHING = Spoken(
    frames=np.zeros(0, np.intp), logits=np.zeros((0, len(LABELS)), np.float32), lead=np.zeros(0)
)


def joined(pieces: Sequence[Spoken]) -> Spoken:
    """Pieces that follow each other as one."""
    if not pieces:
        return NOTHING
    places = [piece.places for piece in pieces if piece.places is not None]
    return Spoken(
        frames=np.concatenate([piece.frames for piece in pieces]),
        logits=np.concatenate([piece.logits for piece in pieces]),
        lead=np.concatenate([piece.lead for piece in pieces]),
        places=np.concatenate(places) if places else None,
    )


def clearest(
    spoken: Spoken, label: int, kept: Bool, temperature: float, lengths: range, slack: float
) -> Focus | None:
    """The longest span without a pause that scores at most `slack` points less than the best.

    `lengths` in frames; `kept` [9]: the labels that share the softmax. None if no span fits.
    """
    totals = np.zeros((len(spoken.frames) + 1, len(LABELS)), np.int64)
    np.cumsum(to_steps(spoken.logits), axis=0, out=totals[1:])
    found: list[Focus] = []
    for length in lengths:
        first = np.arange(len(spoken.frames) - length + 1)
        whole = spoken.frames[first + length - 1] - spoken.frames[first] == length - 1
        first = first[whole]
        if len(first):
            mean = (totals[first + length] - totals[first]) / (length * STEPS * temperature)
            scores = softmax(mean, kept)[:, label]
            best = int(scores.argmax())
            start = int(spoken.frames[first[best]])
            found.append(Focus(start=start, end=start + length, score=POINTS * float(scores[best])))
    limit = max((span.score for span in found), default=0.0) - slack
    return max((s for s in found if s.score >= limit), key=lambda s: s.end - s.start, default=None)


def crossing(spoken: Spoken, peak: int) -> int | None:
    """Frame nearest to `peak` at which fear and disgust changed places."""
    ahead = spoken.lead > 0
    turns = spoken.frames[1:][ahead[1:] != ahead[:-1]]
    return int(turns[np.abs(turns - peak).argmin()]) if len(turns) else None


class Focuser:
    """Remembers a leg's newest settled speech and adds focus to its episodes."""

    def __init__(self, settings: DecisionSettings, known: Bool, temperature: float) -> None:
        shortest = frames_of(settings.focus_min_ms)
        self._fear_lengths = range(shortest, frames_of(settings.focus_fear_ms) + 1, _STRIDE)
        self._disgust_lengths = range(shortest, frames_of(settings.focus_disgust_ms) + 1, _STRIDE)
        self._slack = settings.focus_slack_points
        self._horizon = frames_of(settings.focus_horizon_ms)
        self._margin = frames_of(settings.focus_margin_ms)
        self._behind = min(self._margin, frames_of(settings.close_ms))
        self._kept = frames_of(settings.close_ms) + self._horizon
        self._known = known
        self._temperature = temperature
        self._pieces: deque[Spoken] = deque()
        """Remembered speech as it came; put together for an episode alone."""
        self._oldest = 0

    def hear(self, start_frame: int, spoken: Spoken) -> None:
        """Remember the speech among the frames that settled from `start_frame` on."""
        # No episode told of these frames can reach back further, whatever the chunking.
        self._oldest = start_frame - self._kept
        while self._pieces and self._pieces[0].frames[-1] < self._oldest:
            self._pieces.popleft()
        if len(spoken.frames):
            self._pieces.append(spoken)

    def within(self, start: int, stop: int) -> Spoken:
        """The remembered speech among the frames [start, stop)."""
        return joined(self._pieces).between(max(start, self._oldest), stop)

    def focus(self, episode: Episode, before: Episode | None) -> Episode:
        """The episode with its spans; `before` is what was told of it last.

        Of a closed one the sound just behind it is searched too. An episode longer than the
        horizon keeps an earlier span that scored more.
        """
        behind = self._behind if episode.state == "closed" else 0
        oldest = episode.end - self._horizon
        start = max(episode.start - self._margin, oldest)
        spoken = self.within(start, episode.end + behind)
        fear = self._clearest(spoken, FEARFUL, self._fear_lengths)
        disgust = self._clearest(spoken, DISGUSTED, self._disgust_lengths)
        turn = crossing(spoken, episode.peak)
        if before is not None and start == oldest:
            fear = _stronger(before.focus_fear, fear)
            disgust = _stronger(before.focus_disgust, disgust)
            turn = before.crossing if turn is None else turn
        return replace(episode, focus_fear=fear, focus_disgust=disgust, crossing=turn)

    def _clearest(self, spoken: Spoken, label: int, lengths: range) -> Focus | None:
        # The rival stays in: where both are strong, neither is clear.
        return clearest(spoken, label, self._known, self._temperature, lengths, self._slack)


def _stronger(one: Focus | None, other: Focus | None) -> Focus | None:
    if one is None or other is None:
        return one or other
    return one if one.score >= other.score else other
