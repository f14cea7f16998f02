"""What a teacher, any engine, says of each clip: frame logits and features, kept on disk."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..engine import Engine
from ..evaluation.read import read_frames
from ..window import Float32
from .corpus import Clip, read_clip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """A clip as the teacher hears it."""

    logits: Float32
    """Shape [F, 9]."""
    features: Float32
    """Shape [F, D]; each row with mean 0 and deviation 1, so that no teacher is louder."""


def lessons(
    engine: Engine, clips: Sequence[Clip], cache: Path, say: Callable[[str], None]
) -> list[Lesson]:
    """One lesson for each clip, clean; those in `cache` are not read again.

    Another teacher has a folder of its own in it. Raises CorpusError, EngineError.
    """
    manifest = engine.manifest
    identity = f"{manifest.name} {manifest.version} {manifest.sha256}"
    home = cache / hashlib.sha256(identity.encode()).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    found = []
    for number, clip in enumerate(clips, 1):
        key = hashlib.sha256(f"{clip.path} {clip.path.stat().st_size}".encode()).hexdigest()[:24]
        path = home / f"{key}.npz"
        if not path.is_file():
            logits, features = read_frames(engine, read_clip(clip.path))
            part = path.with_suffix(".part.npz")
            np.savez(part, logits=logits, features=features.astype(np.float16))
            part.rename(path)
        with np.load(path) as kept:
            features = kept["features"].astype(np.float32)
            features -= features.mean(axis=1, keepdims=True)
            features /= features.std(axis=1, keepdims=True) + 1e-6
            found.append(Lesson(logits=kept["logits"], features=features))
        if number % 500 == 0 or number == len(clips):
            say(f"{manifest.name} has read {number} of {len(clips)} clips")
    return found
