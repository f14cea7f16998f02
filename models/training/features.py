"""Frozen features of labelled clips, clean and degraded, cached so that a run can be resumed."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from ..grid import FRAME_SAMPLES
from ..window import Float32
from .augment import add_noise, telephone
from .corpus import Clip, read_clip
from .joined import Body, Joined
from .variants import VARIANTS, Sounds, vary

WINDOW: Final = 48_000
SHORTEST: Final = 16_000
SPEECH_DB: Final = 35.0
"""Frames this far under the loudest one count as pause and are left out of the mean."""
SHARD: Final = 256
"""Clips in one cache file: at most this much work is lost by an interruption."""

COPIES: Final = ("clean", "telephone", "noise", "telephone+noise")
"""What every model learns from and is judged on."""
EVERY_COPY: Final = (*COPIES, *VARIANTS)
"""With those that an ablation tries."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Pooled features of many windows."""

    pooled: npt.NDArray[np.float16]
    """Shape [n, layers, D]: mean over the window's speech frames."""
    clip: npt.NDArray[np.int32]
    """Shape [n]: row of the manifest."""
    copy: npt.NDArray[np.int8]
    """Shape [n]: index into EVERY_COPY."""


def windows(wave: Float32) -> list[Float32]:
    """The windows of a clip: itself in whole frames up to 3 s, else its first and last 3 s.

    A clip under 1 s is repeated to 1 s: shorter windows do not occur live.
    """
    if len(wave) < SHORTEST:
        wave = np.resize(wave, SHORTEST)
    if len(wave) <= WINDOW:
        return [wave[: len(wave) // FRAME_SAMPLES * FRAME_SAMPLES]]
    return [wave[:WINDOW], wave[-WINDOW:]]


def speech_frames(wave: Float32) -> npt.NDArray[np.bool_]:
    """Which 20 ms frames [S // 320] are within SPEECH_DB of the loudest."""
    rows = wave[: len(wave) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (rows.astype(np.float64) ** 2).mean(axis=1) + 1e-12
    return np.asarray(power >= power.max() * 10 ** (-SPEECH_DB / 10))


def degraded(
    wave: Float32,
    copy: str,
    noise: Sequence[Float32],
    rng: np.random.Generator,
    voices: Sequence[Float32] = (),
) -> Float32:
    """One copy of a clip; the same generator state gives the same sound."""
    if copy in VARIANTS:
        return vary(wave, copy, Sounds(noise=noise, voices=voices), rng)
    if "noise" in copy:
        wave = add_noise(wave, noise[int(rng.integers(len(noise)))], float(rng.uniform(3, 20)), rng)
    return telephone(wave) if "telephone" in copy else wave


def extract(
    clips: Sequence[Clip],
    encoder: Body,
    noise: Sequence[Float32],
    cache: Path,
    say: Callable[[str], None],
    *,
    copies: Sequence[str] = COPIES,
    voices: Sequence[Float32] = (),
    half: bool = False,
) -> Features:
    """Features of every clip and copy; finished shards are read from `cache` again.

    `copies` are names of EVERY_COPY; `voices` are other people, for babble. With `half` products
    are in bfloat16: a third of the time where the processor has it.

    Other clips, another encoder, noise or list of copies have a folder of their own in it; so has
    each encoder of joined ones, with all its layers: trying others costs nothing.
    """
    if isinstance(encoder, Joined):
        found = [
            extract(clips, one, noise, cache, say, copies=copies, voices=voices, half=half)
            for one in encoder.parts
        ]
        return _side_by_side(found, encoder.picks)
    cache = cache / fingerprint(clips, encoder, noise, copies, half=half)
    cache.mkdir(parents=True, exist_ok=True)
    parts: list[Mapping[str, Any]] = []
    for first in range(0, len(clips), SHARD):
        path = cache / f"{first:06d}.npz"
        if not path.is_file():
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                chosen = clips[first : first + SHARD]
                rows = list(_rows(chosen, first, encoder, noise, copies, voices))
            part = path.with_suffix(".part.npz")
            np.savez(
                part,
                pooled=np.stack([row[0] for row in rows]).astype(np.float16),
                clip=np.array([row[1] for row in rows], np.int32),
                copy=np.array([row[2] for row in rows], np.int8),
            )
            part.rename(path)
            say(f"features of {min(first + SHARD, len(clips))} of {len(clips)} clips")
        parts.append(np.load(path))
    return Features(
        pooled=np.concatenate([part["pooled"] for part in parts]),
        clip=np.concatenate([part["clip"] for part in parts]),
        copy=np.concatenate([part["copy"] for part in parts]),
    )


def _side_by_side(found: Sequence[Features], picks: Sequence[tuple[int, ...]]) -> Features:
    """Chosen layers, counted from 1, of the same windows as one layer."""
    layers = [
        part.pooled[:, layer - 1]
        for part, picked in zip(found, picks, strict=True)
        for layer in picked
    ]
    return Features(
        pooled=np.concatenate(layers, axis=1)[:, None], clip=found[0].clip, copy=found[0].copy
    )


def fingerprint(
    clips: Sequence[Clip],
    encoder: Body,
    noise: Sequence[Float32],
    copies: Sequence[str],
    *,
    half: bool = False,
) -> str:
    """Short digest of everything that features depend on; a clip counts by name and size."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(f"{clip.path.name} {clip.path.stat().st_size}\n".encode())
    for tensor in encoder.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    for wave in noise:
        digest.update(wave.tobytes())
    digest.update(" ".join(copies).encode())
    if half:
        digest.update(b"bfloat16")
    return digest.hexdigest()[:16]


def _rows(
    clips: Sequence[Clip],
    first: int,
    encoder: Body,
    noise: Sequence[Float32],
    copies: Sequence[str],
    voices: Sequence[Float32],
) -> Iterator[tuple[Float32, int, int]]:
    for offset, clip in enumerate(clips):
        wave = read_clip(clip.path)
        for copy in copies:
            number = EVERY_COPY.index(copy)
            rng = np.random.default_rng([first + offset, number])
            for window in windows(degraded(wave, copy, noise, rng, voices)):
                yield pool(encoder, window), first + offset, number


def pool(encoder: Body, window: Float32) -> Float32:
    """Mean over speech frames of every layer: [layers, D]."""
    with torch.inference_mode():
        layers = torch.cat(encoder.layers(torch.from_numpy(window.copy())[None]))
    spoken = speech_frames(window)[: layers.shape[1]]
    return np.asarray(layers.float().numpy()[:, spoken].mean(axis=1), np.float32)
