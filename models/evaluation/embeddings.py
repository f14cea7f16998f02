"""Clips as one row each: the mean logits and features of their speech, clean and by telephone."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ..engine import Engine
from ..training.augment import telephone
from ..training.corpus import Clip, read_clip
from ..window import Float32
from .read import read_frames, spoken

COPIES: Final = ("clean", "telephone")
SHARD: Final = 32
"""Clips in one cache file: at most this much work is lost by an interruption."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """Clips as an engine reads them, `clips[i]` in row i."""

    logits: Float32
    """[copies, n, 9] mean over the clip's speech frames; copies as in COPIES."""
    features: Float32
    """[copies, n, D] of the same frames."""


def embed(
    engine: Engine,
    clips: Sequence[Clip],
    say: Callable[[str], None],
    cache: Path | None = None,
) -> Embedded:
    """Read every clip in every copy; what `cache` holds of this model and clip is not read again.

    Raises CorpusError, EngineError, OSError.
    """
    parts = []
    done = 0
    for some in _shards(clips):
        done += len(some)
        path = cache / f"{_fingerprint(engine, some)}.npz" if cache is not None else None
        if path is not None and path.is_file():
            with np.load(path) as kept:
                parts.append((kept["logits"], kept["features"]))
            continue
        rows = [_read(engine, clip) for clip in some]
        part = (
            np.stack([row[0] for row in rows], axis=1),
            np.stack([row[1] for row in rows], axis=1),
        )
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part.npz")
            np.savez(unfinished, logits=part[0], features=part[1])
            unfinished.replace(path)
        parts.append(part)
        say(f"{done} of {len(clips)} clips read")
    return Embedded(
        logits=np.concatenate([part[0] for part in parts], axis=1),
        features=np.concatenate([part[1] for part in parts], axis=1),
    )


def _shards(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Runs of SHARD clips of one corpus: a corpus more or less leaves the others' files good."""
    for _, group in itertools.groupby(clips, lambda clip: clip.corpus):
        while some := list(itertools.islice(group, SHARD)):
            yield some


def _read(engine: Engine, clip: Clip) -> tuple[Float32, Float32]:
    wave = read_clip(clip.path)
    means = []
    for heard in (wave, telephone(wave)):
        logits, features = read_frames(engine, heard)
        rows = spoken(heard, len(logits))
        means.append((logits[rows].mean(axis=0), features[rows].mean(axis=0)))
    return np.stack([m[0] for m in means]), np.stack([m[1] for m in means])


def _fingerprint(engine: Engine, clips: Sequence[Clip]) -> str:
    digest = hashlib.sha256(f"{engine.manifest.name} {engine.manifest.sha256}\n".encode())
    for clip in clips:
        digest.update(f"{clip.path.name} {clip.path.stat().st_size}\n".encode())
    return digest.hexdigest()[:24]
