"""One leg made ready for windows: 16 kHz, int16 steps, speech flags, exact positions."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from ...models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ...models.window import Float32
from ..audio import Chunk, Gap
from ..settings import ListenerSettings
from .gate import Gate, Vad, advance
from .heard import Bool, Heard, quantise
from .resample import Resampler

_PIECE_S = 1
"""Seconds of zeros at a time while a gap passes the resampler."""


class Listener:
    """Takes the chunks and gaps of a leg, in order; gives whole frames.

    Gaps pass the resampler as zeros, so that a position p at rate r is always 16 kHz position
    p * 16000 / r; every frame that touches a gap is marked, and silent. Samples that are not finite
    are zero afterwards, and counted. `start_frame` is the frame at which a resumed leg goes on.
    """

    def __init__(
        self, leg: str, rate: int, settings: ListenerSettings, *, start_frame: int = 0
    ) -> None:
        self.leg = leg
        self._rate = rate
        self._origin = start_frame
        self._resampler = Resampler(rate)
        self.gate = Gate(settings)
        self._samples: Float32 = np.zeros(0, np.float32)
        """16 kHz samples that are not a whole frame yet, or not handed on."""
        self._given = 0
        """Frames handed on since the origin."""
        self._gaps: deque[tuple[int, int]] = deque()
        """16 kHz stretches [start, stop) of gaps that no handed-on frame has passed."""
        self._times: deque[tuple[int, float]] = deque()
        """(input position, monotonic seconds at which the sample before it was captured)."""
        self.not_finite = 0
        """Samples that were NaN or infinite."""

    def push(self, items: Sequence[Chunk | Gap]) -> None:
        """Take chunks and gaps; what they complete waits for the gate (`listen`)."""
        for item in items:
            if isinstance(item, Gap):
                self._skip(item.length)
            else:
                self._take(item.samples)
            self._times.append((self._resampler.taken, item.captured_at))

    def finish(self) -> None:
        """The leg has ended: let the resampler give what it holds. A partial frame is dropped."""
        self._add(self._resampler.finish())

    def heard(self) -> list[Heard]:
        """Whole frames whose speech flags are known, at most one piece."""
        count = len(self._samples) // FRAME_SAMPLES
        if not count:
            return []
        size = count * FRAME_SAMPLES
        samples, self._samples = self._samples[:size], self._samples[size:]
        first = self._given * FRAME_SAMPLES
        gap = self._gap_flags(first, count)
        piece = Heard(
            leg=self.leg,
            start_frame=self._origin + self._given,
            samples=samples,
            speech=self.gate.speech(first, samples) & ~gap,
            gap=gap,
            captured_at=self._captured(first + size),
        )
        self._given += count
        return [piece]

    @property
    def latency_s(self) -> float:
        """Seconds of sound inside: what the resampler and the unfinished frame hold back."""
        return self._resampler.taken / self._rate - self._given * FRAME_SAMPLES / SAMPLE_RATE

    def _take(self, samples: Float32) -> None:
        finite = np.isfinite(samples)
        if not finite.all():
            self.not_finite += int((~finite).sum())
            samples = np.where(finite, samples, np.float32(0))
        self._add(self._resampler.push(samples))

    def _skip(self, length: int) -> None:
        start = self._resampler.taken * SAMPLE_RATE // self._rate
        piece = _PIECE_S * self._rate
        for first in range(0, length, piece):
            zeros = np.zeros(min(piece, length - first), np.float32)
            self._add(self._resampler.push(zeros))
        stop = -(-self._resampler.taken * SAMPLE_RATE // self._rate)
        self._gaps.append((start, stop))

    def _add(self, samples: Float32) -> None:
        samples = quantise(samples)
        self.gate.push(samples)
        self._samples = np.concatenate([self._samples, samples])

    def _gap_flags(self, first: int, count: int) -> Bool:
        flags = np.zeros(count, dtype=np.bool_)
        for start, stop in self._gaps:
            low = max(0, (start - first) // FRAME_SAMPLES)
            high = -(-(stop - first) // FRAME_SAMPLES)
            if high > 0:
                flags[low:high] = True
        while self._gaps and self._gaps[0][1] <= first + count * FRAME_SAMPLES:
            self._gaps.popleft()
        return flags

    def _captured(self, position: int) -> float:
        """When the sample before a 16 kHz position was captured."""
        taken = position * self._rate / SAMPLE_RATE
        while len(self._times) > 1 and self._times[0][0] < taken:
            self._times.popleft()
        stop, captured_at = self._times[0]
        return captured_at - max(0.0, stop - taken) / self._rate


def listen(batch: Sequence[tuple[Listener, Sequence[Chunk | Gap]]], vad: Vad) -> list[list[Heard]]:
    """Advance many listeners; the gate's network sees one block of each in a call."""
    for listener, items in batch:
        listener.push(items)
    advance([listener.gate for listener, _ in batch], vad)
    return [listener.heard() for listener, _ in batch]


def finish(listener: Listener, vad: Vad) -> list[Heard]:
    """The last frames of a leg that has ended."""
    listener.finish()
    advance([listener.gate], vad)
    return listener.heard()
