"""How good a leg's line is: signal to noise, bandwidth, and whether it is too poor to say.

Measured over whole seconds of the leg's frame grid, so the same sound in any pieces gives the same
answer at the same frame.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..models.grid import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from .listener.heard import Heard

BLOCK = FRAME_RATE
"""Frames measured at a time."""
KEEP = 10
"""Blocks that an answer rests on."""
ENOUGH = FRAME_RATE // 2
"""Frames of speech, and of silence, below which there is no answer yet."""
BEST_DB = 60.0
"""Signal-to-noise ratios are told up to here; also what a line without any noise has."""
BAND_DB = 50.0
"""A frequency belongs to the band if speech there is at most so far under its strongest one."""

_HANN = np.hanning(FRAME_SAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line's quality so far."""

    snr_db: float = BEST_DB
    """Power of speech frames over that of silent ones."""
    bandwidth_hz: float = 0.0
    """Highest frequency of the speech; 0 before any was heard."""
    poor: str = ""
    """Why the line is too poor to say, in words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    speech: int
    speech_power: float
    noise: int
    noise_power: float
    spectrum: npt.NDArray[np.float64]
    """Sum over speech frames, [161]."""


class Quality:
    """Measures one leg. `poor_snr_db`: ratio under which the audio is too poor."""

    def __init__(self, poor_snr_db: float, *, start_frame: int = 0) -> None:
        self._poor_snr_db = poor_snr_db
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
        spectra = np.abs(np.fft.rfft(frames[speech] * _HANN)) ** 2
        self._blocks.append(
            _Block(
                speech=int(speech.sum()),
                speech_power=float(power[speech].sum()),
                noise=int(quiet.sum()),
                noise_power=float(power[quiet].sum()),
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
        if noise < ENOUGH:
            old = self.newest
            return Line(snr_db=old.snr_db, bandwidth_hz=band, poor=old.poor)
        snr = _snr_db(
            sum(block.speech_power for block in self._blocks) / speech,
            sum(block.noise_power for block in self._blocks) / noise,
        )
        poor = f"noise: {snr:.0f} dB signal to noise" if snr < self._poor_snr_db else ""
        return Line(snr_db=snr, bandwidth_hz=band, poor=poor)


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
