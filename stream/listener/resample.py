"""Any rate to 16 kHz, with the lag known and positions exact.

soxr gives the same samples for any chunking. What it holds back (mean / largest, 20 ms chunks):
48 kHz HQ 21 / 36 ms, 44.1 kHz HQ 23 / 40 ms, 8 kHz LQ 32 / 61 ms against HQ 64 / 115 ms; hence LQ
for 8 kHz, whose stop band ends far above a telephone's 3.4 kHz, and HQ elsewhere.
"""

from typing import Final

import numpy as np
import soxr

from ...models.grid import SAMPLE_RATE
from ...models.window import Float32

RATES: Final = (4_000, 384_000)
"""Lowest and highest rate that is accepted."""


class Resampler:
    """A stream of one leg: `push` samples at `rate`, get 16 kHz samples; `finish` flushes.

    After `finish` exactly floor(n * 16000 / rate) samples have come out for n that went in.
    """

    def __init__(self, rate: int) -> None:
        if not RATES[0] <= rate <= RATES[1]:
            raise ValueError(f"rate {rate} Hz: expected {RATES[0]} to {RATES[1]}")
        self._rate = rate
        self._stream: soxr.ResampleStream | None = None
        if rate != SAMPLE_RATE:
            quality = "LQ" if rate == 8000 else "HQ"
            self._stream = soxr.ResampleStream(
                rate, SAMPLE_RATE, 1, dtype="float32", quality=quality
            )
        self.taken = 0
        """Samples that went in."""
        self.given = 0
        """Samples that came out."""

    def push(self, samples: Float32) -> Float32:
        """All output that these samples complete."""
        self.taken += len(samples)
        if self._stream is None:
            self.given += len(samples)
            return samples
        return self._bounded(self._stream.resample_chunk(samples))

    def finish(self) -> Float32:
        """What is still inside."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest = self._bounded(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))
        missing = self._due() - self.given
        self.given += missing
        return np.concatenate([rest, np.zeros(missing, np.float32)])

    def _due(self) -> int:
        return self.taken * SAMPLE_RATE // self._rate

    def _bounded(self, output: Float32) -> Float32:
        output = output[: self._due() - self.given]
        self.given += len(output)
        return output
