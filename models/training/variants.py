"""Augmentations by name: each draws its own strength, each can be switched on and off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..grid import SAMPLE_RATE
from ..window import Float32
from . import augment

SPEEDS: Final = (0.9, 1.0, 1.1)
VOLUMES: Final = (0.8, 1.0, 1.2)


class VariantError(ValueError):
    """No augmentation of that name, or not for this use; the message names those there are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sounds:
    """What is mixed into speech. Waves [S] at 16 kHz."""

    noise: Sequence[Float32]
    voices: Sequence[Float32] = ()
    """Other people, for babble."""


Variant = Callable[[Float32, Sounds, np.random.Generator], Float32]
"""Clip [N], sounds and a generator to the changed clip [M]."""


def _speed(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.speed(wave, float(rng.choice(SPEEDS)))


def _stretch(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.stretch(wave, float(rng.choice(SPEEDS)))


def _volume(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.gain(wave, 20 * float(np.log10(rng.choice(VOLUMES))))


def _gain(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.gain(wave, float(rng.uniform(-30, 0)))


def _noise(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    noise = sounds.noise[int(rng.integers(len(sounds.noise)))]
    return augment.add_noise(wave, noise, float(rng.uniform(0, 30)), rng)


def _babble(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    if not sounds.voices:
        raise VariantError("babble needs other voices, and there are none")
    voices = augment.babble(sounds.voices, rng)
    return augment.add_noise(wave, voices, float(rng.uniform(5, 20)), rng)


def _telephone(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.telephone(wave)


def _packet_loss(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.lose_packets(augment.telephone(wave), float(rng.uniform(0.01, 0.1)), rng)


def _reverberation(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.reverberate(wave, augment.room(float(rng.uniform(0.2, 0.8)), rng))


def _codec(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.encoded(wave, str(rng.choice(["gsm", "opus", "vorbis"])))


def _specaugment(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    return augment.mask_spectrum(wave, rng)


def _short(wave: Float32, sounds: Sounds, rng: np.random.Generator) -> Float32:
    start = int(rng.integers(max(1, len(wave) - SAMPLE_RATE + 1)))
    return wave[start : start + SAMPLE_RATE]


VARIANTS: Final[Mapping[str, Variant]] = {
    "speed": _speed,
    "stretch": _stretch,
    "volume": _volume,
    "gain": _gain,
    "noise-any": _noise,
    "babble": _babble,
    "line": _telephone,
    "packet-loss": _packet_loss,
    "reverberation": _reverberation,
    "codec": _codec,
    "specaugment": _specaugment,
    "short": _short,
}
"""`speed` changes tempo and pitch, `stretch` tempo alone; `noise-any` is 0 to 30 dB, `line` the
telephone band in mu-law, `packet-loss` that with lost packets, `short` one second of the clip."""

MOVES_TIME: Final = ("speed", "stretch", "short")
"""Those after which a frame stands for another moment: not for learning from a teacher's frames."""


def check_names(names: Sequence[str]) -> None:
    """Raises VariantError for a name that is none."""
    for name in names:
        if name not in VARIANTS:
            raise VariantError(f"{name!r} is no augmentation: there are {', '.join(VARIANTS)}")


def vary(wave: Float32, name: str, sounds: Sounds, rng: np.random.Generator) -> Float32:
    """The clip [N] changed by one augmentation. Raises VariantError."""
    check_names([name])
    return VARIANTS[name](wave, sounds, rng)
