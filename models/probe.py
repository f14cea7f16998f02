"""A sound that every machine can make, and what a graph must answer to it.

Quantised graphs depend on the processor's instructions: an export's numbers are no proof of what
another machine computes. So the answer of the fp32 network travels in the manifest and is compared
when the graph is loaded.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from .grid import SAMPLE_RATE
from .window import Float32

_PITCH: Final = 120.0
_HARMONICS: Final = range(1, 25)


def probe_wave(samples: int) -> Float32:
    """A hum of 24 harmonics that swells three times a second; [samples], in int16 steps."""
    time = np.arange(samples) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * _PITCH * k * time + k * k) / k for k in _HARMONICS]
    wave = 0.1 * np.sum(tones, axis=0) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    return np.asarray(np.round(wave * 32768) / 32768, np.float32)


def distance(logits: Float32, expected: npt.ArrayLike, known: npt.NDArray[np.bool_]) -> float:
    """Largest difference of utterance logits: frame logits [F, 9] against [9], known labels only.

    Not a number where a logit is none.
    """
    pooled = logits.astype(np.float64).mean(axis=0)
    return float(np.abs(pooled - np.asarray(expected, np.float64))[known].max())
