"""One leg's evidence: remembers the newest sound and the speaker's baseline, measures on demand.

Bounded: sound is kept from a few seconds before the frames that settle now; silence is not kept.
What is measured depends on frame numbers alone, so any chunking, live or offline, gives the same.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from ....models.grid import FRAME_RATE, FRAME_SAMPLES
from ....models.window import Float32
from ...findings import Episode, Evidence
from ...listener.heard import INT16, Heard
from ...settings import DecisionSettings, EvidenceSettings
from ..arrays import Bool
from ..times import frames_of
from .baseline import baseline
from .compare import compare
from .measures import LEAST_SPEECH, Measures, measure
from .pitch import Later, Pitch

STRETCH: Final = 3 * FRAME_RATE
"""Frames measured at a time, of the baseline and of an episode at most."""
AROUND: Final = FRAME_RATE // 2
"""Frames before and behind an episode that belong to what is measured."""
_REACH: Final = 5 * FRAME_RATE
"""How far before its end an episode's peak is looked for; further back its sound is forgotten."""
_EVERY: Final = 3
"""Once there is a baseline, one of so many stretches of speech is measured."""
_KNOWN: Final = 30
"""Stretches of speech after which a voice is known well: by then a dozen were measured."""
_SELDOM: Final = 12
"""From then on one of so many is measured: of many calls at once, each costs all of them."""
_KEPT: Final = 40
"""Stretches that a baseline rests on at most: two minutes of speech and more."""


class Ear:
    """Measures the voice of one leg around its episodes."""

    def __init__(
        self,
        settings: EvidenceSettings,
        decision: DecisionSettings,
        pitch: Pitch,
        *,
        start_frame: int = 0,
    ) -> None:
        self._settings = settings
        self._behind = min(AROUND, frames_of(decision.close_ms))
        self._pitch = pitch
        self._sound: deque[Heard] = deque()
        self._stretch: list[Heard] = []
        self._stretch_stop = start_frame + STRETCH
        self._spoken = 0
        """Stretches with speech so far."""
        self._before: deque[tuple[int, Later[Measures]]] = deque()
        """First frame behind a stretch, and what is measured of it, perhaps only when asked for."""

    def hear(self, heard: Heard) -> None:
        """Add frames of sound, in order."""
        while heard.stop_frame >= self._stretch_stop:
            first = max(0, self._stretch_stop - heard.start_frame)
            self._keep(heard.part(0, first))
            self._end_stretch()
            heard = heard.part(first, heard.frames)
        self._keep(heard)

    def settle(self, frame: int) -> None:
        """Everything before `frame` has settled, and the episodes of it were told."""
        oldest = frame - _REACH - STRETCH
        while self._sound and self._sound[0].stop_frame <= oldest:
            self._sound.popleft()
        done = sum(stop <= oldest for stop, _ in self._before)
        for _ in range(done - _KEPT):
            self._before.popleft()

    def expect(self, episode: Episode) -> None:
        """An episode is open: what came before it will be asked for when it closes."""
        for stop, found in self._before:
            if stop <= episode.start:
                found.hurry()

    def evidence(self, episode: Episode) -> tuple[Evidence, ...]:
        """What the voice did in a closed episode, against what it did before."""
        start, stop = self._span(episode)
        now = self._measure(list(self._sound), start, stop)()
        before = [found for end, found in self._before if end <= start][-_KEPT:]
        usual = baseline([found() for found in before], self._settings.baseline_stretches)
        return compare(now, usual, self._settings)

    def _span(self, episode: Episode) -> tuple[int, int]:
        """The episode with some sound around it, at most STRETCH about its peak."""
        first, last = episode.start - AROUND, episode.end + self._behind
        peak = max(episode.peak, episode.end - _REACH)
        start = max(first, min(peak - STRETCH // 2, last - STRETCH))
        return start, min(last, start + STRETCH)

    def _keep(self, heard: Heard) -> None:
        # Silence is only a place in time: nothing of it is needed.
        if heard.speech.any():
            self._sound.append(heard)
            self._stretch.append(heard)

    def _end_stretch(self) -> None:
        stop, start = self._stretch_stop, self._stretch_stop - STRETCH
        parts, self._stretch = self._stretch, []
        self._stretch_stop += STRETCH
        whole = not any((part.gap & part.speech).any() for part in parts)
        spoken = sum(int(np.count_nonzero(part.speech)) for part in parts)
        if whole and spoken >= 2 * LEAST_SPEECH:
            self._spoken += 1
            every = _EVERY if self._spoken <= _KNOWN else _SELDOM
            if self._spoken <= self._settings.baseline_stretches or self._spoken % every == 0:
                measured = self._pitch.begin(self._measure(parts, start, stop))
                self._before.append((stop, measured))

    def _measure(self, parts: list[Heard], start: int, stop: int) -> Callable[[], Measures]:
        """What measures the frames [start, stop) from their first to their last one with speech."""
        samples, speech = _laid(parts, start, stop)
        at = np.flatnonzero(speech)
        if len(at):
            first, last = int(at[0]), int(at[-1]) + 1
            samples = samples[first * FRAME_SAMPLES : last * FRAME_SAMPLES]
            speech = speech[first:last]
        # Sound lies in steps of 16 bits: half the memory while it waits, and the same samples.
        steps = (samples * np.float32(INT16)).astype(np.int16)

        def measured() -> Measures:
            sound = steps.astype(np.float32) / np.float32(INT16)
            return measure(sound, speech, self._pitch.track(sound))

        return measured


def _laid(parts: list[Heard], start: int, stop: int) -> tuple[Float32, Bool]:
    """Sound and speech flags of the frames [start, stop); zeros where nothing was kept."""
    samples = np.zeros((stop - start, FRAME_SAMPLES), np.float32)
    speech = np.zeros(stop - start, np.bool_)
    for part in parts:
        first, last = max(part.start_frame, start), min(part.stop_frame, stop)
        if first < last:
            kept = part.part(first - part.start_frame, last - part.start_frame)
            rows = slice(first - start, last - start)
            # Silent frames are zeros whether or not they were kept beside spoken ones.
            samples[rows] = kept.samples.reshape(-1, FRAME_SAMPLES) * kept.speech[:, None]
            speech[rows] = kept.speech
    return samples.reshape(-1), speech
