"""Sound made for the tests, with known answers."""

from collections.abc import Iterator, Sequence

import numpy as np
from tonewatch.models.window import Float32

RATE = 16_000


def voice(seconds: float, *, rate: int = RATE, f0: float = 140.0, seed: int = 0) -> Float32:
    """A voice-like sound: a gliding harmonic source through vowel formants, in syllables.

    The speech gate takes it for speech: pulses with jitter, formant resonances that move, a
    syllable rhythm of about four a second.
    """
    rng = np.random.default_rng(seed)
    n = int(seconds * rate)
    t = np.arange(n) / rate
    pitch = f0 * (1 + 0.12 * np.sin(2 * np.pi * 0.7 * t) + 0.05 * np.sin(2 * np.pi * 2.3 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    shift = np.sin(2 * np.pi * 2.0 * t)
    formants = [(600 + 180 * shift, 90.0), (1300 - 350 * shift, 110.0), (2500 + 150 * shift, 160.0)]
    wave = np.zeros(n)
    for k in range(1, int(4000 / f0)):
        hz = k * pitch
        gain = sum(1 / (1 + ((hz - centre) / width) ** 2) for centre, width in formants) / k**0.3
        wave += gain * np.sin(k * phase)
    wave += 0.02 * rng.standard_normal(n)
    syllables = np.clip(0.55 + 0.6 * np.sin(2 * np.pi * 3.7 * t), 0.02, 1.0)
    wave *= syllables
    return np.asarray(0.2 * wave / np.abs(wave).max(), dtype=np.float32)


def silence(seconds: float, *, rate: int = RATE) -> Float32:
    """A quiet line: noise at -80 dBFS."""
    noise = np.random.default_rng(1).standard_normal(int(seconds * rate))
    return np.asarray(1e-4 * noise, dtype=np.float32)


def music(seconds: float, *, rate: int = RATE) -> Float32:
    """Instrumental: a new three-note chord with harmonics twice a second, plucked."""
    t = np.arange(int(seconds * rate)) / rate
    beat = t % 0.5
    roots = np.array([220.0, 174.6, 261.6, 196.0])[(t / 0.5).astype(int) % 4]
    wave = np.zeros_like(t)
    for ratio in (1.0, 1.25, 1.5):
        for k in range(1, 6):
            wave += np.sin(2 * np.pi * k * ratio * roots * beat) / k**1.5
    wave *= np.exp(-3 * beat) * np.minimum(1, beat / 0.01)
    return np.asarray(0.2 * wave / np.abs(wave).max(), dtype=np.float32)


def pieces(samples: Float32, sizes: Sequence[int]) -> Iterator[Float32]:
    """The samples in chunks of the given sizes, over and over."""
    at, turn = 0, 0
    while at < len(samples):
        size = max(1, sizes[turn % len(sizes)])
        yield samples[at : at + size]
        at, turn = at + size, turn + 1
