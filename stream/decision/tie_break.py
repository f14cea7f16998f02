"""The tie-break: where fear and disgust are too close, the model's centres help to name one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...models.centres import Compass
from ...models.labels import LABELS
from ..events import Episode, TieBreak
from ..settings import DecisionSettings
from .arrays import Bool, Float64
from .focus import Spoken
from .rivals import POINTS, views
from .smoothing import STEPS, to_steps


class TieBreaker:
    """Adds the centres' say to a leg's episodes; opens, closes and clears none.

    `known` [9], `temperature` and `shift` [9] (log-odds, context) are those of the decision.
    """

    def __init__(
        self,
        settings: DecisionSettings,
        compass: Compass,
        known: Bool,
        temperature: float,
        shift: Float64 | None = None,
    ) -> None:
        self._gap = settings.tie_gap_points
        self._weight = settings.tie_similarity
        self._compass = compass
        self._known = known
        self._temperature = temperature
        self._shift = np.zeros(len(LABELS)) if shift is None else shift

    def broken(self, episode: Episode, within: Callable[[int, int], Spoken]) -> Episode:
        """The episode with what the centres say of its focus, the span around both foci.

        `within(start, stop)` gives remembered speech; of a span longer than memory, its end.
        """
        start, end = focus_of(episode)
        tie = self._tie(start, end, within(start, end))
        return replace(episode, tie_break=tie, enhanced=tie is not None)

    def _tie(self, start: int, end: int, spoken: Spoken) -> TieBreak | None:
        if not len(spoken.frames) or spoken.places is None:
            return None
        logits = _mean(spoken.logits) / self._temperature + self._shift
        _, fear, disgust = (float(view[0, ...].max()) for view in views(logits[None], self._known))
        if abs(fear - disgust) >= self._gap:
            return None
        share = POINTS * float(self._compass.fear_share(_mean(spoken.places)[None])[0])
        return TieBreak(
            start=start,
            end=end,
            fear=fear,
            disgust=disgust,
            similarity=share,
            fear_enhanced=(1 - self._weight) * fear + self._weight * share,
            disgust_enhanced=(1 - self._weight) * disgust + self._weight * (POINTS - share),
            centres=self._compass.version,
        )


def focus_of(episode: Episode) -> tuple[int, int]:
    """The span around an episode's foci; the episode itself where it has none. Frames [a, b)."""
    foci = [span for span in (episode.focus_fear, episode.focus_disgust) if span is not None]
    if not foci:
        return episode.start, episode.end
    return min(span.start for span in foci), max(span.end for span in foci)


def _mean(rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Float64:
    """Mean row, the same bits in any order."""
    return np.asarray(to_steps(rows).sum(axis=0) / (len(rows) * STEPS), np.float64)
