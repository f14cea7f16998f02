"""A streaming encoder that says what the windowed one says: distilled on sound without labels.

The windowed encoder reads clean and degraded speech of any kind; the streaming one learns to give
its frames, layer by layer, and above all their mean over a clip, which is what a linear head reads.
No label is seen, so nothing of the corpora's labels can be learned by heart.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..grid import FRAME_SAMPLES
from ..window import Float32
from .augment import add_noise, fit, telephone
from .corpus import Clip, read_clip
from .encoder import Encoder
from .streaming import StreamingConfig, StreamingEncoder, from_encoder

LENGTHS = (75, 100, 125, 150, 150)
"""Frames of a batch's pieces, drawn with equal chance."""
KEEP_EVERY = 100
"""Steps between two checkpoints."""
SAY_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """How long and how fast to learn."""

    steps: int = 6000
    batch: int = 8
    rate: float = 3e-4
    """Largest learning rate; it rises over 100 steps and falls by a cosine."""
    half: bool = True
    """Products in bfloat16, where the processor has it a good deal faster."""


def distil(
    teacher: Encoder,
    clips: Sequence[Clip],
    noise: Sequence[Float32],
    cache: Path,
    say: Callable[[str], None],
    job: Distillation | None = None,
) -> StreamingEncoder:
    """Train, resumed from `cache` where it was interrupted; the encoder in evaluation mode."""
    job = job or Distillation()
    cache.mkdir(parents=True, exist_ok=True)
    finished = cache / "streaming.pt"
    sizes = teacher.config
    student = from_encoder(teacher, StreamingConfig(width=sizes.width, heads=sizes.heads))
    if finished.is_file():
        student.load_state_dict(torch.load(finished, weights_only=True))
        return student.eval()
    sounds = _Sounds(clips, noise, seed=1)
    spread = _spread(teacher, sounds.batch(4 * job.batch))
    optimiser = torch.optim.AdamW(student.parameters(), lr=job.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, job.steps))
    parts: dict[str, Any] = {"student": student, "optimiser": optimiser, "schedule": schedule}
    kept, first = cache / "distillation.pt", 0
    if kept.is_file():
        state = torch.load(kept, weights_only=True)
        first = state.pop("step")
        for name, part in parts.items():
            part.load_state_dict(state[name])
        sounds = _Sounds(clips, noise, seed=1 + first)
    for step in range(first, job.steps):
        loss = _step(student, teacher, sounds, spread, optimiser, job)
        schedule.step()
        if (step + 1) % SAY_EVERY == 0:
            say(f"distillation: step {step + 1} of {job.steps}, loss {loss:.3f}")
        if (step + 1) % KEEP_EVERY == 0:
            part = kept.with_suffix(".part")
            state = {name: one.state_dict() for name, one in parts.items()}
            torch.save(state | {"step": step + 1}, part)
            part.rename(kept)
    torch.save(student.state_dict(), finished)
    return student.eval()


class _Sounds:
    """An endless stream of short pieces of speech, each degraded in its own way."""

    def __init__(self, clips: Sequence[Clip], noise: Sequence[Float32], seed: int) -> None:
        self._waves = [(read_clip(clip.path) * 32768).astype(np.int16) for clip in clips]
        self._noise = noise
        self._rng = np.random.default_rng(seed)
        count = {clip.corpus: 0 for clip in clips}
        for clip in clips:
            count[clip.corpus] += 1
        # Between clips and corpora: a large corpus is heard more often, but not in proportion.
        chance = np.array([1 / math.sqrt(count[clip.corpus]) for clip in clips])
        self._chance = chance / chance.sum()

    def batch(self, size: int) -> Tensor:
        """Waves [size, 320 n] with one n."""
        length = FRAME_SAMPLES * int(self._rng.choice(LENGTHS))
        chosen = self._rng.choice(len(self._waves), size, p=self._chance)
        waves = [self._degraded(self._piece(int(i), length)) for i in chosen]
        return torch.from_numpy(np.stack(waves))

    def held(self, size: int) -> Tensor:
        """What was said before a piece, as levels held [size]: in half of the calls nothing was."""
        if self._rng.random() < 0.5:
            return torch.zeros(size)
        return torch.from_numpy(self._rng.uniform(4.0, 7.5, size).astype(np.float32))

    def _piece(self, i: int, length: int) -> Float32:
        wave: Float32 = (self._waves[i] / np.float32(32768)).astype(np.float32)
        if len(wave) < length:
            short = len(wave) < length // 2
            padded = fit(wave, length) if short else np.pad(wave, (0, length - len(wave)))
            return np.asarray(padded, np.float32)
        start = int(self._rng.integers(0, len(wave) - length + 1))
        return wave[start : start + length]

    def _degraded(self, wave: Float32) -> Float32:
        rng = self._rng
        if rng.random() < 0.5:
            noise = self._noise[int(rng.integers(len(self._noise)))]
            wave = add_noise(wave, noise, float(rng.uniform(3, 25)), rng)
        if rng.random() < 0.35:
            wave = telephone(wave)
        louder = np.clip(wave * 10 ** (rng.uniform(-20, 6) / 20), -1, 1)
        return np.asarray(louder, np.float32)


def _spread(teacher: Encoder, waves: Tensor) -> list[Tensor]:
    """Standard deviation [D] of each layer's features: every feature counts alike."""
    with torch.no_grad():
        return [layer.flatten(0, 1).std(0) + 0.02 for layer in teacher.layers(waves)]


def _step(
    student: StreamingEncoder,
    teacher: Encoder,
    sounds: _Sounds,
    spread: Sequence[Tensor],
    optimiser: torch.optim.Optimizer,
    job: Distillation,
) -> float:
    waves = sounds.batch(job.batch)
    with torch.autocast("cpu", torch.bfloat16, enabled=job.half):
        with torch.no_grad():
            wanted = teacher.layers(waves)
        found = student.every_layer(waves, sounds.held(job.batch))
    loss = torch.zeros(())
    for weight, one, other, scale in zip((0.3, 1.0), found, wanted, spread, strict=True):
        error = (one.float() - other.float()) / scale
        loss = loss + weight * (error**2).mean() + 4 * weight * (error.mean(1) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _pace(step: int, steps: int) -> float:
    """Share of the largest learning rate: a short rise, then half a cosine."""
    return min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps)))
