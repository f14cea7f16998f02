"""How good a leg's line is: noise, band, level, clipping, loss, and how far to trust it.

Measured over whole seconds of the leg's frame grid, so the same sound in any pieces gives the same
answer at the same frame.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..models.grid import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from .listener.heard import Heard
from .settings import QualitySettings
from .trust import BEST_DB, Line, poor_of, trust_of

BLOCK = FRAME_RATE
"""Frames measured at a time."""
KEEP = 10
"""Blocks that an answer rests on."""
ENOUGH = FRAME_RATE // 2
"""Frames of speech, and of silence, below which there is no answer yet."""
BAND_DB = 50.0
"""A frequency belongs to the band if speech there is at most so far under its strongest one."""

_PAUSE = 9 * BLOCK // 10
"""Frames of gap in a block from which on it is a pause, not a loss."""
_LIMIT = 1.0 - 2.0 / 32768
"""Where 16 bits end."""

_HANN = np.hanning(FRAME_SAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    speech: int
    speech_power: float
    noise: int
    noise_power: float
    clipped: int
    """Samples of speech at the limits of 16 bits."""
    lost: int
    """Frames of gap; 0 where nearly all of the block is."""
    spectrum: npt.NDArray[np.float64]
    """Sum over speech frames, [161]."""


class Quality:
    """Measures one leg. `poor_snr_db`: ratio under which the audio is too poor."""

    def __init__(
        self, poor_snr_db: float, settings: QualitySettings | None = None, *, start_frame: int = 0
    ) -> None:
        self._poor_snr_db = poor_snr_db
        self._settings = settings or QualitySettings()
        self._waiting: list[Heard] = []
        self._count = 0
        self._blocks: deque[_Block] = deque(maxlen=KEEP)
        self._stop = start_frame
        """First frame that was not measured."""
        self._lines: deque[tuple[int, Line]] = deque([(start_frame, Line())], maxlen=6 * KEEP)
        """From which frame on a line was so; newest last."""

    @property
    def newest(self) -> Line:
        """The newest answer."""
        return self._lines[-1][1]

    def at(self, frame: int) -> Line:
        """The answer that held when `frame` frames had been heard (of the newest minute)."""
        held = [line for begin, line in self._lines if begin <= frame]
        return held[-1] if held else self._lines[0][1]

    def push(self, heard: Heard) -> None:
        """Add frames."""
        self._waiting.append(heard)
        self._count += heard.frames
        if self._count < BLOCK:
            return
        samples = np.concatenate([one.samples for one in self._waiting])
        speech = np.concatenate([one.speech for one in self._waiting])
        gap = np.concatenate([one.gap for one in self._waiting])
        last = heard.part(heard.frames - self._count % BLOCK, heard.frames)
        for first in range(0, self._count - BLOCK + 1, BLOCK):
            rows = slice(first * FRAME_SAMPLES, (first + BLOCK) * FRAME_SAMPLES)
            frames = samples[rows].reshape(BLOCK, FRAME_SAMPLES).astype(np.float64)
            self._measure(frames, speech[first : first + BLOCK], gap[first : first + BLOCK])
        self._waiting, self._count = ([last], last.frames) if last.frames else ([], 0)

    def _measure(
        self,
        frames: npt.NDArray[np.float64],
        speech: npt.NDArray[np.bool_],
        gap: npt.NDArray[np.bool_],
    ) -> None:
        power = (frames**2).mean(axis=1)
        quiet = ~speech & ~gap
        missing = int(np.count_nonzero(gap))
        spectra = np.abs(np.fft.rfft(frames[speech] * _HANN)) ** 2
        self._blocks.append(
            _Block(
                speech=int(speech.sum()),
                speech_power=float(power[speech].sum()),
                noise=int(quiet.sum()),
                noise_power=float(power[quiet].sum()),
                clipped=int(np.count_nonzero(np.abs(frames[speech]) >= _LIMIT)),
                lost=missing if missing < _PAUSE else 0,
                spectrum=spectra.sum(axis=0),
            )
        )
        self._stop += BLOCK
        self._lines.append((self._stop, self._line()))

    def _line(self) -> Line:
        speech = sum(block.speech for block in self._blocks)
        noise = sum(block.noise for block in self._blocks)
        if speech < ENOUGH:
            return self.newest
        band = bandwidth(np.sum([block.spectrum for block in self._blocks], axis=0))
        power = sum(block.speech_power for block in self._blocks) / speech
        snr = self.newest.snr_db
        if noise >= ENOUGH:
            snr = _snr_db(power, sum(block.noise_power for block in self._blocks) / noise)
        line = Line(
            snr_db=snr,
            bandwidth_hz=band,
            level_dbfs=round(10 * math.log10(max(power, 1e-12)), 1),
            clipped=sum(block.clipped for block in self._blocks) / (speech * FRAME_SAMPLES),
            loss=sum(block.lost for block in self._blocks) / (len(self._blocks) * BLOCK),
        )
        return replace(
            line,
            poor=poor_of(line, self._poor_snr_db, self._settings),
            trust=trust_of(line, self._poor_snr_db, self._settings),
        )


def _snr_db(speech: float, noise: float) -> float:
    """Speech frames hold the noise too: (speech - noise) / noise, in dB."""
    if noise <= 0.0:
        return BEST_DB
    ratio = max((speech - noise) / noise, 1e-3)
    return round(min(BEST_DB, 10 * math.log10(ratio)), 1)


def bandwidth(spectrum: npt.NDArray[np.float64]) -> float:
    """Highest frequency, in Hz, of a power spectrum [161] of speech; 0 for silence."""
    if not spectrum.any():
        return 0.0
    inside = np.flatnonzero(spectrum >= spectrum.max() * 10 ** (-BAND_DB / 10))
    return float(inside[-1]) * SAMPLE_RATE / FRAME_SAMPLES
