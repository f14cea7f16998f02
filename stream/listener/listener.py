"""One leg made ready for windows: 16 kHz, int16 steps, speech flags, exact positions."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...models.grid import FRAME_SAMPLES, SAMPLE_RATE, frames_to_seconds
from ...models.window import Float32
from ..audio import Chunk, Gap, in_one
from ..settings import ListenerSettings
from .denoise import Block, Denoiser, Plain, noisereduce_cleaner
from .gate import Gate, Vad, advance
from .heard import Bool, Heard, quantise
from .resample import Resampler
from .times import CaptureTimes

_PIECE_S = 1
"""Seconds of zeros at a time while a gap passes the resampler."""


class Listener:
    """Takes the chunks and gaps of a leg, in order; gives whole frames.

    Gaps pass the resampler as zeros, so that a position p at rate r is always 16 kHz position
    p * 16000 / r; every frame that touches a gap is marked, and no speech. What the resampler
    smears into a gap is taken out again: a gap holds zeros. Samples that are not finite become
    zero, and are counted; what is beyond full scale is clipped to it. `start_frame` is the frame
    at which a resumed leg goes on.
    """

    def __init__(
        self, leg: str, rate: int, settings: ListenerSettings, *, start_frame: int = 0
    ) -> None:
        self.leg = leg
        self._rate = rate
        self._origin = start_frame
        self._resampler = Resampler(rate)
        self.gate = Gate(settings)
        self._after: Block = Plain()
        if settings.denoise:
            self._after = Denoiser(
                settings.floor_dbfs, start_frame=start_frame, clean=noisereduce_cleaner()
            )
        self._expected: int | None = None
        """Input position that must come next."""
        self._samples: Float32 = np.zeros(0, np.float32)
        """16 kHz samples that are not a whole frame yet, or not handed on."""
        self._given = 0
        """Frames handed on since the origin."""
        self._gaps: deque[tuple[int, int]] = deque()
        """16 kHz stretches [start, stop) of gaps that no handed-on frame has passed."""
        self._silent: deque[tuple[int, int]] = deque()
        """16 kHz samples [start, stop) of gaps that have not all come out of the resampler."""
        self._times = CaptureTimes(rate)
        self.not_finite = 0
        """Samples that were NaN or infinite."""

    def push(self, items: Sequence[Chunk | Gap]) -> None:
        """Take chunks and gaps, their samples as `prepared` leaves them; what they complete waits
        for the gate (`listen`).

        Raises ValueError if one does not begin where the last one ended.
        """
        for item in items:
            if self._expected not in (None, item.start):
                raise ValueError(
                    f"leg {self.leg!r}: expected position {self._expected}, got {item.start}"
                )
            self._expected = item.stop
            if isinstance(item, Gap):
                self._skip(item.length)
            else:
                self._add(self._resampler.push(item.samples))
            self._times.add(self._resampler.taken, item.captured_at)

    def finish(self) -> None:
        """The leg has ended: let the resampler give what it holds. A partial frame is dropped."""
        self._add(self._resampler.finish())

    def heard(self, *, last: bool = False) -> list[Heard]:
        """Whole frames whose speech flags are known; with `last` all that is held back too."""
        done = [out for piece in self._frames() for out in self._after.push(piece)]
        return done + self._after.finish() if last else done

    def _frames(self) -> list[Heard]:
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
            captured_at=self._times.at((first + size) * self._rate / SAMPLE_RATE),
        )
        self._given += count
        return [piece]

    @property
    def resamples(self) -> bool:
        """Whether the leg's rate is another one than 16 kHz."""
        return self._rate != SAMPLE_RATE

    @property
    def latency_s(self) -> float:
        """Seconds of sound inside: what resampler, unfinished frame and denoiser hold back."""
        given = self._given - self._after.held
        return self._resampler.taken / self._rate - frames_to_seconds(given)

    def _skip(self, length: int) -> None:
        begin = self._resampler.taken
        start = begin * SAMPLE_RATE // self._rate
        stop = -(-(begin + length) * SAMPLE_RATE // self._rate)
        # Noted before the zeros pass: no sample of the gap has come out yet, all of them will.
        self._gaps.append((start, stop))
        self._silent.append((-(-begin * SAMPLE_RATE // self._rate), stop))
        piece = _PIECE_S * self._rate
        for first in range(0, length, piece):
            zeros = np.zeros(min(piece, length - first), np.float32)
            self._add(self._resampler.push(zeros))

    def _add(self, samples: Float32) -> None:
        first = self._resampler.given - len(samples)
        if self.resamples:
            samples = quantise(samples)
        elif self._silent:
            samples = samples.copy()
        for start, stop in self._silent:
            samples[max(0, start - first) : max(0, stop - first)] = 0
        while self._silent and self._silent[0][1] <= self._resampler.given:
            self._silent.popleft()
        self.gate.push(samples)
        self._samples = in_one([self._samples, samples])

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


def prepared(
    batch: Sequence[tuple[Listener, Sequence[Chunk | Gap]]],
) -> Iterator[tuple[Listener, list[Chunk | Gap]]]:
    """The same with finite samples in [-1, 1], which the listeners count, in int16 steps where they
    are not resampled: worked out for all legs together."""
    sounds = [item.samples for _, items in batch for item in items if isinstance(item, Chunk)]
    sound = in_one(sounds)
    finite = np.isfinite(sound)
    spoilt = not finite.all()
    if spoilt:
        sound = np.where(finite, sound, np.float32(0))
    sound = np.minimum(np.maximum(sound, np.float32(-1)), np.float32(1))
    steps = sound if all(one.resamples for one, _ in batch) else quantise(sound)
    stop = 0
    for listener, items in batch:
        good: list[Chunk | Gap] = []
        for item in items:
            if isinstance(item, Chunk):
                place = slice(stop, stop := stop + len(item.samples))
                if spoilt:
                    listener.not_finite += int(np.count_nonzero(~finite[place]))
                samples = sound[place] if listener.resamples else steps[place]
                good.append(replace(item, samples=samples))
            else:
                good.append(item)
        yield listener, good


def listen(batch: Sequence[tuple[Listener, Sequence[Chunk | Gap]]], vad: Vad) -> list[list[Heard]]:
    """Advance many listeners; the gate's network sees one block of each in a call."""
    for listener, items in prepared(batch):
        listener.push(items)
    advance([listener.gate for listener, _ in batch], vad)
    return [listener.heard() for listener, _ in batch]


def finish(listener: Listener, vad: Vad) -> list[Heard]:
    """The last frames of a leg that has ended."""
    listener.finish()
    advance([listener.gate], vad)
    return listener.heard(last=True)
