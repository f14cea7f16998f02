"""The robustness grid: what a line, a room or a length does to the same clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..grid import SAMPLE_RATE
from ..training.augment import add_noise, babble, telephone
from ..window import Float32

Change = Callable[[Float32, np.random.Generator], Float32]
"""Clip [N] at 16 kHz and a generator to the changed clip [M]."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One cell of the grid."""

    name: str
    change: Change


def _clean(wave: Float32, rng: np.random.Generator) -> Float32:
    return wave


CLEAN = Condition("clean", _clean)


def _noisy(noise: Sequence[Float32], snr_db: float) -> Change:
    def change(wave: Float32, rng: np.random.Generator) -> Float32:
        return add_noise(wave, noise[int(rng.integers(len(noise)))], snr_db, rng)

    return change


def _telephone(wave: Float32, rng: np.random.Generator) -> Float32:
    return telephone(wave)


def _quieter(gain_db: float) -> Change:
    def change(wave: Float32, rng: np.random.Generator) -> Float32:
        return np.asarray(wave * 10 ** (gain_db / 20), np.float32)

    return change


def _middle(seconds: float) -> Change:
    """The middle of a clip; a shorter clip is left as it is."""

    def change(wave: Float32, rng: np.random.Generator) -> Float32:
        length = int(seconds * SAMPLE_RATE)
        start = max(0, (len(wave) - length) // 2)
        return wave[start : start + length]

    return change


def _among(voices: Sequence[Float32], snr_db: float) -> Change:
    def change(wave: Float32, rng: np.random.Generator) -> Float32:
        return add_noise(wave, babble(voices, rng), snr_db, rng)

    return change


def grid(noise: Sequence[Float32], voices: Sequence[Float32]) -> list[Condition]:
    """Clean first; then noise, babble of `voices`, the telephone, gains and lengths."""
    rng = np.random.default_rng(0)
    noise = noise or [rng.standard_normal(3 * SAMPLE_RATE).astype(np.float32)]
    return [
        CLEAN,
        *(Condition(f"noise {snr} dB", _noisy(noise, snr)) for snr in (30, 20, 10, 0)),
        Condition("babble 10 dB", _among(voices, 10)),
        Condition("telephone", _telephone),
        *(Condition(f"gain {gain} dB", _quieter(gain)) for gain in (-10, -20, -30)),
        *(Condition(f"middle {seconds} s", _middle(seconds)) for seconds in (1, 2, 3, 5)),
    ]
