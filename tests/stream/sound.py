"""Sound made for the tests, with known answers."""

from collections.abc import Iterator, Sequence

import numpy as np

from tonewatch.models.window import Float32

RATE = 16_000


VOWELS = np.array(
    [[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [530, 1840, 2480], [570, 840, 2410]]
)
"""First three formants of five vowels, Hz (Peterson and Barney 1952)."""


def voice(
    seconds: float, *, rate: int = RATE, f0: float = 120.0, pause: float = 0.0, seed: int = 0
) -> Float32:
    """A voice-like sound that the speech gate takes for speech: harmonics of a gliding pitch
    through moving formants, three syllables a second, each begun by a burst of hiss. With `pause`,
    that many seconds of every three are silent.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    syllable, part = (t * 3).astype(int), (t * 3) % 1
    order = VOWELS[rng.integers(0, len(VOWELS), int(seconds * 3) + 3)]
    formants = order[syllable] * (1 - part[:, None]) + order[syllable + 1] * part[:, None]
    pitch = f0 * (1 + 0.15 * np.sin(2 * np.pi * 0.4 * t) + 0.03 * np.sin(2 * np.pi * 5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = np.zeros_like(t)
    for k in range(1, int(4500 / f0)):
        gain = sum(
            level / (1 + ((k * pitch - formants[:, i]) / width) ** 2)
            for i, (width, level) in enumerate(((80, 1.0), (100, 0.6), (150, 0.3)))
        )
        wave += gain / np.sqrt(k) * np.sin(k * phase)
    hiss = np.diff(rng.standard_normal(len(t)), prepend=0) * (part < 0.18) * 0.3
    wave = wave * np.clip(np.sin(np.pi * part) ** 0.7, 0.05, 1) * (part >= 0.18) + hiss
    wave *= t % 3 < 3 - pause
    return np.asarray(0.2 * wave / max(np.abs(wave).max(), 1e-9), dtype=np.float32)


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
