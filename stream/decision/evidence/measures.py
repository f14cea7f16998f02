"""What is measured of a stretch of one voice. Pure numbers, no judgement."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ....models.grid import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from ....models.window import Float32
from ...quality import bandwidth
from ..arrays import Bool, Float64
from .pitch import Contour

NAN: Final = float("nan")
_HANN: Final = np.hanning(FRAME_SAMPLES)
_BIN_HZ: Final = SAMPLE_RATE / FRAME_SAMPLES
_DIP_DB: Final = 2.0
"""Dip that parts two syllables (N. H. de Jong, T. Wempe: Praat script to detect syllable nuclei
and measure speech rate automatically. Behavior Research Methods 41, 2009)."""
LEAST_VOICED: Final = 8
"""Voiced values below which pitch is not told: 0.13 s."""
LEAST_SPEECH: Final = FRAME_RATE // 2
"""Frames of speech below which nothing is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One stretch in numbers; NaN where it holds too little to say."""

    pitch: float
    """Median, semitones above 100 Hz."""
    melody: float
    """Standard deviation of the pitch, semitones."""
    high_band: float
    """Power at 2 to 4 kHz over that at 0.3 to 2 kHz, in speech, dB."""
    syllables: float
    """Syllable nuclei in a second of speech."""
    bandwidth_hz: float
    """Highest frequency of the speech (quality.bandwidth)."""


def measure(samples: Float32, speech: Bool, contour: Contour) -> Measures:
    """Measure samples [n * 320] at 16 kHz with speech flags [n] and their pitch."""
    frames = samples.reshape(-1, FRAME_SAMPLES).astype(np.float64)
    spoken = int(np.count_nonzero(speech))
    if spoken < LEAST_SPEECH:
        return Measures(**dict.fromkeys(Measures.__slots__, NAN))
    power = np.abs(np.fft.rfft(frames * _HANN)) ** 2
    curve = _smooth(contour.semitones)
    sung = curve[~np.isnan(curve)]
    enough = len(sung) >= LEAST_VOICED
    return Measures(
        pitch=float(np.median(sung)) if enough else NAN,
        melody=float(np.std(sung)) if enough else NAN,
        high_band=_ratio_db(_band(power, 2000, 4000)[speech], _band(power, 300, 2000)[speech]),
        syllables=_nuclei(_band(power, 300, 2500), speech) * FRAME_RATE / spoken,
        bandwidth_hz=bandwidth(power[speech].sum(axis=0)),
    )


def _band(power: Float64, low: float, high: float) -> Float64:
    """Power [n] of spectra [n, 161] at `low` to `high` Hz."""
    columns = slice(round(low / _BIN_HZ), round(high / _BIN_HZ))
    return np.asarray(power[:, columns].sum(axis=1))


def _ratio_db(upper: Float64, lower: Float64) -> float:
    above, below = float(upper.sum()), float(lower.sum())
    return 10 * float(np.log10(above / below)) if above > 0 and below > 0 else NAN


def _smooth(semitones: Float64) -> Float64:
    """Median of three neighbours: single jumps of an octave are the tracker's, not the voice's."""
    if len(semitones) < 3:
        return semitones
    middle = np.median(np.lib.stride_tricks.sliding_window_view(semitones, 3), axis=1)
    return np.concatenate([[np.nan], middle, [np.nan]])


def _nuclei(power: Float64, speech: Bool) -> int:
    """Peaks of the level parted by dips, each within 25 dB of the loudest (de Jong, Wempe)."""
    level = 10 * np.log10(np.maximum(power, 1e-12))
    kernel = np.array([0.25, 0.5, 0.25])
    level = np.convolve(np.pad(level, 1, mode="edge"), kernel, mode="valid")
    least = float(np.quantile(level[speech], 0.99)) - 25.0
    count, top, low = 0, -np.inf, np.inf
    for value, spoken in zip(level.tolist(), speech.tolist(), strict=True):
        heard = value if spoken else least - _DIP_DB
        if heard > top:
            top = heard
        if top - heard >= _DIP_DB:
            # Behind a dip a new peak begins: count the one that is over.
            count += top >= least and top - low >= _DIP_DB
            top = low = heard
        low = min(low, heard)
    return count + int(top >= least and top - low >= _DIP_DB)
