"""Batches of pieces of clips, each a function of seed and step alone: a run that was interrupted,
or spread over processes, sees the same ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..grid import FRAME_SAMPLES
from ..labels import LABELS, Label
from ..window import Float32
from .corpus import Clip
from .features import speech_frames
from .head import balanced_weights, label_masks
from .teacher import Lesson
from .variants import Sounds, vary

LENGTHS: Final = (50, 75, 100, 150, 150)
"""Frames of a batch's pieces, drawn with equal chance: the windows that a monitor reads, those of
1 s included."""
Balance = Literal["balanced", "weighted", "none"]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """B pieces of one length: F frames."""

    waves: Tensor
    """Shape [B, 320 F]."""
    spoken: Tensor
    """Shape [B, F]: 1 for frames of speech."""
    targets: Tensor
    """Shape [B, 9]: shares of labels."""
    hidden: Tensor
    """Shape [B, 9]: labels that the piece's corpus knows nothing of."""
    weights: Tensor
    """Shape [B]; 0 for sound without a label."""
    taught: tuple[Tensor, Tensor] | None
    """The teacher's frame logits [B, F, 9] and features [B, F, D]."""


def clip_weights(clips: Sequence[Clip], balance: Balance) -> Float64:
    """Weights [n], mean 1: corpora and labels equal, labels alone equal (in inverse proportion to
    how many there are), or all clips equal."""
    if balance == "none":
        return np.ones(len(clips))
    if balance == "balanced":
        return balanced_weights(clips)
    labels = [clip.label for clip in clips]
    weights = np.array([1 / labels.count(label) for label in labels])
    return np.asarray(weights * len(clips) / weights.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """All that batches are made of. The labelled clips come first."""

    waves: Sequence[Float32]
    targets: npt.NDArray[np.int64]
    """Shape [n]: numbers of labels; any for sound without one."""
    allowed: npt.NDArray[np.bool_]
    """Shape [n, 9]."""
    weights: Float64
    """Shape [n]; 0 for sound without a label."""
    sounds: Sounds
    lessons: Sequence[Lesson] = ()


def material(
    clips: Sequence[Clip],
    waves: Sequence[Float32],
    known: Sequence[Label],
    balance: Balance,
    sounds: Sounds,
    lessons: Sequence[Lesson] = (),
) -> Material:
    """Of labelled clips, and of `waves` behind theirs that have no label."""
    more = len(waves) - len(clips)
    allowed = label_masks(clips) & np.array([label in known for label in LABELS])
    targets = np.array([LABELS.index(clip.label) for clip in clips] + [0] * more)
    weights = np.concatenate([clip_weights(clips, balance), np.zeros(more)])
    return Material(
        waves=waves,
        targets=targets,
        allowed=np.concatenate([allowed, np.ones((more, len(LABELS)), np.bool_)]),
        weights=weights,
        sounds=sounds,
        lessons=lessons,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How batches are drawn."""

    batch: int = 16
    """Over all processes."""
    seed: int = 0
    augment: tuple[str, ...] = ()
    chance: float = 0.6
    """Of a piece to be augmented at all, by one of `augment`."""
    mixup: float = 0.0
    """Both parameters of the beta distribution (arXiv 1710.09412); 0: pieces are not mixed."""


def draw(of: Material, how: Drawing, step: int, rank: int = 0, world: int = 1) -> Batch:
    """The part of a step's batch that falls to one of `world` processes."""
    rng = np.random.default_rng([how.seed, step])
    length = int(rng.choice(LENGTHS))
    rows = rng.integers(len(of.waves), size=how.batch)
    parts = [_row(of, how, rows, step, place, length) for place in range(rank, how.batch, world)]
    columns = list(zip(*parts, strict=True))
    waves, spoken, targets, allowed, weights = (np.stack(column) for column in columns[:5])
    taught = None
    if of.lessons:
        taught = (_stacked([part[5] for part in parts]), _stacked([part[6] for part in parts]))
    return Batch(
        waves=torch.from_numpy(waves),
        spoken=torch.from_numpy(spoken),
        targets=torch.from_numpy(targets),
        hidden=torch.from_numpy(~allowed),
        weights=torch.from_numpy(weights),
        taught=taught,
    )


def _stacked(rows: Sequence[Float32]) -> Tensor:
    return torch.from_numpy(np.stack(rows))


_Row = tuple[Float32, Float32, Float32, npt.NDArray[np.bool_], np.float32, Float32, Float32]


def _row(
    of: Material, how: Drawing, rows: npt.NDArray[np.int64], step: int, place: int, length: int
) -> _Row:
    """Piece, speech, target, allowed labels, weight and lesson of one place in the batch."""
    one = _piece(of, how, int(rows[place]), [how.seed, step, place], length)
    if not how.mixup:
        return one
    # The neighbour is made again rather than handed over: a process has no other one's pieces.
    beside = (place + 1) % how.batch
    other = _piece(of, how, int(rows[beside]), [how.seed, step, beside], length)
    share = float(np.random.default_rng([how.seed, step, place, 1]).beta(how.mixup, how.mixup))

    def mixed(a: Float32, b: Float32) -> Float32:
        return np.asarray(share * a + (1 - share) * b, np.float32)

    return (
        mixed(one[0], other[0]),
        np.maximum(one[1], other[1]),
        mixed(one[2], other[2]),
        one[3] | other[3],
        np.float32(share * float(one[4]) + (1 - share) * float(other[4])),
        mixed(one[5], other[5]),
        mixed(one[6], other[6]),
    )


def _piece(of: Material, how: Drawing, row: int, seed: Sequence[int], length: int) -> _Row:
    rng = np.random.default_rng(seed)
    clip = _whole(of.waves[row], length)
    start = int(rng.integers(len(clip) // FRAME_SAMPLES - length + 1))
    wave = clip[start * FRAME_SAMPLES : (start + length) * FRAME_SAMPLES]
    spoken = speech_frames(wave).astype(np.float32)
    if how.augment and rng.random() < how.chance:
        name = str(rng.choice(how.augment))
        wave = np.resize(vary(wave, name, of.sounds, rng), length * FRAME_SAMPLES)
        if not of.lessons:
            spoken = speech_frames(wave).astype(np.float32)
    target = np.zeros(len(LABELS), np.float32)
    target[of.targets[row]] = 1
    logits = features = np.zeros((length, 0), np.float32)
    if of.lessons:
        at = np.arange(start, start + length)
        logits, features = (
            part[at % len(part)] for part in (of.lessons[row].logits, of.lessons[row].features)
        )
    weight = np.float32(of.weights[row])
    return wave.astype(np.float32), spoken, target, of.allowed[row], weight, logits, features


def _whole(wave: Float32, length: int) -> Float32:
    """Whole frames, repeated where there are too few."""
    frames = max(1, len(wave) // FRAME_SAMPLES)
    wave = np.resize(wave, frames * FRAME_SAMPLES)
    return wave if frames >= length else np.resize(wave, length * FRAME_SAMPLES)


Draw = Callable[[int], Batch]
"""From the number of a step."""
