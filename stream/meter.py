"""Meters of any leg: who talked how long, how loud. No emotion in them, agents have them too."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..models.grid import frames_to_seconds
from .listener.heard import Heard
from .record.meters import runs

SILENT_DBFS = -100.0
"""Told for sound that is all zeros."""
FULL_SCALE = 32766 / 32768
"""Samples from here on count as clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What a leg did since the last look."""

    stop_frame: int
    speech: tuple[tuple[int, int], ...]
    """New stretches of speech, as [start, stop) frames."""
    speaking: bool
    talk_s: float
    """Since the leg began."""
    silence_s: float
    level_dbfs: float
    """Of the sound since the last look; gaps left out."""
    peak_dbfs: float
    clipped: float
    """Share of clipped samples since the last look, 0 to 1."""


class Meter:
    """Counts one leg."""

    def __init__(self, start_frame: int = 0) -> None:
        self.stop_frame = start_frame
        """First frame that was not heard."""
        self._speech: list[tuple[int, int]] = []
        self._speaking = False
        self._talk = self._silence = 0
        self._told = start_frame
        self._energy, self._peak = 0.0, 0.0
        self._clipped = self._samples = 0

    def push(self, heard: Heard) -> None:
        """Add frames."""
        spoken, missed = int(np.count_nonzero(heard.speech)), int(np.count_nonzero(heard.gap))
        if spoken == heard.frames:
            self._speak(heard.start_frame, heard.stop_frame)
        elif spoken:
            for span in runs(heard.speech):
                self._speak(heard.start_frame + span.start, heard.start_frame + span.stop)
        self._talk += spoken
        self._silence += heard.frames - spoken - missed
        if heard.frames:
            self._speaking = bool(heard.speech[-1])
        self.stop_frame = heard.stop_frame
        # Gaps are zeros: they add nothing to the sums, and are left out of the count.
        samples = heard.samples
        self._energy += float(np.dot(samples, samples))
        peak = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
        self._peak = max(self._peak, peak)
        if peak >= FULL_SCALE:
            self._clipped += int(np.count_nonzero(np.abs(samples) >= FULL_SCALE))
        self._samples += len(samples) * (heard.frames - missed) // max(1, heard.frames)

    def take(self) -> Metered | None:
        """What happened since the last take; None if nothing was heard."""
        if self.stop_frame == self._told:
            return None
        count = max(1, self._samples)
        metered = Metered(
            stop_frame=self.stop_frame,
            speech=tuple(self._speech),
            speaking=self._speaking,
            talk_s=frames_to_seconds(self._talk),
            silence_s=frames_to_seconds(self._silence),
            level_dbfs=_dbfs(math.sqrt(self._energy / count)),
            peak_dbfs=_dbfs(self._peak),
            clipped=round(self._clipped / count, 5),
        )
        self._told = self.stop_frame
        self._forget()
        return metered

    def _speak(self, start: int, stop: int) -> None:
        """Note a stretch of speech, frames [start, stop), that may go on with the last one."""
        if self._speech and self._speech[-1][1] == start:
            start = self._speech.pop()[0]
        if start < stop:
            self._speech.append((start, stop))

    def _forget(self) -> None:
        self._speech = []
        self._energy, self._peak = 0.0, 0.0
        self._clipped = self._samples = 0


class Overlap:
    """Counts frames in which more than one leg of a session speaks."""

    def __init__(self, legs: int) -> None:
        self._waiting = [np.zeros(0, np.bool_) for _ in range(legs)]
        self._frames = 0

    def push(self, leg: int, speech: npt.NDArray[np.bool_]) -> None:
        """Add the flags [n] of a leg's next frames."""
        self._waiting[leg] = np.concatenate([self._waiting[leg], speech])
        both = min(len(flags) for flags in self._waiting)
        if both and len(self._waiting) > 1:
            talking = np.sum([flags[:both] for flags in self._waiting], axis=0)
            self._frames += int((talking > 1).sum())
        self._waiting = [flags[both:] for flags in self._waiting]

    @property
    def seconds(self) -> float:
        """Seconds of overlap, as far as all legs were heard."""
        return frames_to_seconds(self._frames)


def _dbfs(amplitude: float) -> float:
    return round(max(SILENT_DBFS, 20 * math.log10(max(amplitude, 1e-9))), 1)
