"""Episodes: a stretch in which something held becomes one flag, whatever its number of frames.

One hysteresis for every kind. An episode opens once its condition has held for `open_ms` of
consecutive speech frames, and begins where that run began; it closes once the condition, by then
with relaxed thresholds, has not held for `close_ms`, be it in speech or in silence. What is told
and when depends on frames alone, so any chunking tells the same.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..events import Episode, EpisodeState
from ..settings import DecisionSettings
from .reasons import reason
from .rivals import KINDS, Standing, ranks
from .times import frames_of


@dataclass(slots=True, kw_only=True)
class _Run:
    """A stretch on which the condition holds, told as an episode or not yet."""

    start: int
    last: int
    """Newest frame on which it held."""
    peak: int
    fear: float
    disgust: float
    in_a_row: list[int] = field(default_factory=lambda: [0] * len(KINDS))
    """For each kind: speech frames in a row that reached it or a stronger one."""
    rise: float = 0.0
    rank: int = 0
    """Strongest kind that held for long enough; 0 until the episode opens."""
    told: Episode | None = None
    told_at: int = 0


class Episodes:
    """One leg's episodes: settled frames, in order, each once."""

    def __init__(self, leg: str, settings: DecisionSettings) -> None:
        self._leg = leg
        self._settings = settings
        self._open_after = frames_of(settings.open_ms)
        self._close_after = frames_of(settings.close_ms)
        self._update_after = frames_of(settings.update_ms)
        self._run: _Run | None = None

    def push(
        self,
        frames: npt.NDArray[np.intp],
        standing: Standing,
        *,
        stop_frame: int,
        trusted: bool = True,
    ) -> tuple[Episode, ...]:
        """What the frames before `stop_frame` open, move and close.

        `frames` [k] are those with a reading, `standing` is theirs. Without trust (poor audio)
        nothing holds.
        """
        strict = ranks(standing, self._settings)
        if self._run is None and not (trusted and strict.any()):
            return ()
        relax = self._settings.hysteresis_points
        loose = ranks(standing, self._settings, relax)
        told: list[Episode] = []
        held = (strict * trusted, loose * trusted)
        columns = (frames, *held, standing.fear, standing.disgust, standing.rise)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            told.extend(self._close_before(row[0]))
            told.extend(self._hear(*row))
        told.extend(self._close_before(stop_frame))
        return tuple(told)

    def finish(self) -> tuple[Episode, ...]:
        """Close what is open."""
        run, self._run = self._run, None
        return (self._episode(run, "closed"),) if run and run.rank else ()

    def _close_before(self, frame: int) -> tuple[Episode, ...]:
        run = self._run
        failed = frame - 1 - run.last if run else 0
        return self.finish() if failed >= self._close_after else ()

    def _hear(
        self, frame: int, strict: int, loose: int, fear: float, disgust: float, rise: float
    ) -> tuple[Episode, ...]:
        run = self._run
        opened = run is not None and run.rank > 0
        if not (loose if opened else strict):
            if run is None or not opened:
                self._run = None
                return ()
            run.in_a_row = [0] * len(KINDS)
            return self._moved(run, frame)
        if run is None:
            run = self._run = _Run(
                start=frame, last=frame, peak=frame, fear=fear, disgust=disgust, rise=rise
            )
        run.last = frame
        if fear + disgust > run.fear + run.disgust:
            run.peak, run.fear, run.disgust = frame, fear, disgust
        run.in_a_row = [n + 1 if strict > i else 0 for i, n in enumerate(run.in_a_row)]
        reached = sum(n >= self._open_after for n in run.in_a_row)
        if reached > run.rank:
            run.rank = reached
            return self._tell(run, frame)
        return self._moved(run, frame) if run.rank else ()

    def _moved(self, run: _Run, frame: int) -> tuple[Episode, ...]:
        if frame - run.told_at < self._update_after or self._episode(run, "open") == run.told:
            return ()
        return self._tell(run, frame)

    def _tell(self, run: _Run, frame: int) -> tuple[Episode, ...]:
        run.told = self._episode(run, "open")
        run.told_at = frame
        return (run.told,)

    def _episode(self, run: _Run, state: EpisodeState) -> Episode:
        kind = KINDS[run.rank - 1]
        english, chinese = reason(kind, run.fear, run.disgust)
        return Episode(
            id=f"{self._leg}-{run.start}",
            leg=self._leg,
            kind=kind,
            state=state,
            start=run.start,
            end=run.last + 1,
            peak=run.peak,
            fear=run.fear,
            disgust=run.disgust,
            reason_en=english,
            reason_zh=chinese,
            floor_rise=run.rise,
        )
