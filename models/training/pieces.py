"""Pieces of labelled clips as a streaming network hears them in a call: any place, any line.

Each batch is a function of seed and step alone: a run that was interrupted sees the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..grid import FRAME_SAMPLES
from ..labels import LABELS, Label
from ..window import Float32
from .augment import add_noise, babble, telephone
from .corpus import Clip, read_clip
from .features import speech_frames
from .head import balanced_weights, label_masks

LENGTHS: Final = (75, 100, 125, 150, 150)
"""Frames of a batch's pieces, drawn with equal chance."""
VOICES: Final = 40
"""Clips kept for babble."""
HELD_LEVELS: Final = (4.0, 7.5)
"""Levels held before a piece, log10 of power over the lowest one: quiet to loud."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """B pieces of one length: F frames."""

    waves: Tensor
    """Shape [B, 320 F]."""
    held: Tensor
    """Shape [B]: the level held before the piece; 0: nothing was said before."""
    spoken: Tensor
    """Shape [B, F]: 1 / (frames of speech) where there is speech, else 0."""
    targets: Tensor
    """Shape [B, 9]: shares of labels."""
    hidden: Tensor
    """Shape [B, 9]: labels that the piece's corpus knows nothing of."""
    weights: Tensor
    """Shape [B]; its mean over all draws is 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shelf:
    """All that pieces are cut from."""

    waves: Sequence[Float32]
    noise: Sequence[Float32]
    voices: Sequence[Float32]
    targets: npt.NDArray[np.int64]
    """Shape [n]."""
    allowed: npt.NDArray[np.bool_]
    """Shape [n, 9]."""
    chance: npt.NDArray[np.float64]
    """Shape [n], sum 1."""
    weights: npt.NDArray[np.float64]
    """Shape [n]: `chance` times these counts corpora and labels alike."""


def shelf(clips: Sequence[Clip], noise: Sequence[Float32], known: Sequence[Label]) -> Shelf:
    """Read the clips. Raises CorpusError.

    Half of the balance is in how often a clip is drawn, half in its weight: neither is a small
    corpus heard until it is known by heart, nor does one clip decide a step.
    """
    waves = [read_clip(clip.path) for clip in clips]
    balance = balanced_weights(clips)
    chance = np.sqrt(balance) / np.sqrt(balance).sum()
    return Shelf(
        waves=waves,
        noise=noise,
        voices=waves[:: max(1, len(waves) // VOICES)],
        targets=np.array([LABELS.index(clip.label) for clip in clips]),
        allowed=label_masks(clips) & np.array([label in known for label in LABELS]),
        chance=chance,
        weights=balance / (len(clips) * chance),
    )


def cut(of: Shelf, size: int, seed: int, step: int, smoothing: float = 0.0) -> Pieces:
    """The batch of a step; `smoothing` of each target is spread over the allowed labels."""
    rng = np.random.default_rng([seed, step])
    length = int(rng.choice(LENGTHS))
    rows = rng.choice(len(of.waves), size, p=of.chance)
    pieces = [_piece(of, int(row), length, rng) for row in rows]
    allowed = of.allowed[rows]
    sure = np.eye(len(LABELS))[of.targets[rows]]
    targets = (1 - smoothing) * sure + smoothing * allowed / allowed.sum(1, keepdims=True)
    before = rng.random() < 0.5
    held = rng.uniform(*HELD_LEVELS, size) if before else np.zeros(size)
    return Pieces(
        waves=_tensor(np.stack([wave for wave, _ in pieces])),
        held=_tensor(held),
        spoken=_tensor(np.stack([spoken / max(1, spoken.sum()) for _, spoken in pieces])),
        targets=_tensor(targets),
        hidden=torch.from_numpy(~allowed),
        weights=_tensor(of.weights[rows]),
    )


def _tensor(values: npt.NDArray[np.floating]) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))


def _piece(
    of: Shelf, row: int, length: int, rng: np.random.Generator
) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Wave [320 length], degraded in its own way, and which of its frames were speech before."""
    whole = of.waves[row]
    frames = max(length, len(whole) // FRAME_SAMPLES)
    whole = np.resize(whole, frames * FRAME_SAMPLES)
    start = FRAME_SAMPLES * int(rng.integers(frames - length + 1))
    wave = whole[start : start + length * FRAME_SAMPLES]
    spoken = speech_frames(wave)
    if rng.random() < 0.5:
        other = babble(of.voices, rng) if rng.random() < 0.25 else _any(of.noise, rng)
        wave = add_noise(wave, other, float(rng.uniform(3, 25)), rng)
    if rng.random() < 0.35:
        wave = telephone(wave)
    louder = np.clip(wave * 10 ** (rng.uniform(-20, 6) / 20), -1, 1)
    return np.asarray(louder, np.float32), spoken


def _any(sounds: Sequence[Float32], rng: np.random.Generator) -> Float32:
    return sounds[int(rng.integers(len(sounds)))]
