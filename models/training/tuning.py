"""The streaming encoder trained on with labels, from the distilled one and the head fitted on it.

What is learned: clips' labels by the mean of their speech frames' logits, as the product reads
them, on degraded pieces. The convolutions stay as they are: they are the ear, not the judgement.
Weights are averaged over the steps; the average is what is kept, and of the way from the start to
it a share is gone: what the frozen features knew of other voices stays (Wortsman et al.,
"Robust fine-tuning of zero-shot models", arXiv 2109.01903).
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from ..labels import MASKED_LOGIT, Label
from ..window import Float32
from .corpus import Clip, CorpusError
from .head import Head
from .pieces import Pieces, Shelf, cut, shelf
from .streaming import StreamingEncoder

KEEP_EVERY: Final = 100
"""Steps between two checkpoints."""
SAY_EVERY: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How long and how fast to learn."""

    steps: int = 2500
    batch: int = 8
    rate: float = 4e-5
    """Largest learning rate of the blocks; it rises over 100 steps and falls by a cosine. The
    features' spread is small beside the weights' reach: at 1e-4 the loss grows."""
    head_rate: float = 5e-5
    """The head's, on standardised features."""
    decay: float = 1e-2
    smoothing: float = 0.05
    """Share of a target that goes to the other labels."""
    average: float = 0.997
    """What the averaged weights keep in a step."""
    share: float = 0.5
    """Of the way from the first weights to the learned ones: 1 is all of it."""
    half: bool = True
    """Products in bfloat16, where the processor has it a good deal faster."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tuned:
    """An encoder in evaluation mode and the head that was learned with it."""

    encoder: StreamingEncoder
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scale:
    """Mean and spread [D] of clips' features: a head learns evenly on what is standardised."""

    mean: Float32
    spread: Float32


class Whole(nn.Module):
    """Encoder and head on whole recordings: waves [B, 320 n] to logits [B, n, 9], features."""

    def __init__(self, encoder: StreamingEncoder, head: Head, scale: Scale | None = None) -> None:
        super().__init__()
        labels, width = head.weight.shape
        self.encoder = encoder
        scale = scale or Scale(mean=np.zeros(width, np.float32), spread=np.ones(width, np.float32))
        self.register_buffer("mean", torch.from_numpy(scale.mean))
        self.register_buffer("spread", torch.from_numpy(scale.spread))
        self.head = nn.Linear(width, labels)
        self.head.load_state_dict(
            {
                "weight": torch.from_numpy(head.weight * scale.spread),
                "bias": torch.from_numpy(head.bias + head.weight @ scale.mean),
            }
        )

    mean: Tensor
    spread: Tensor

    def forward(self, wave: Tensor, held: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`held` [B]: the level held before the wave; nothing was said before without it."""
        held = torch.zeros(len(wave)) if held is None else held
        features = self.encoder.every_layer(wave, held)[-1].float()
        with torch.autocast(wave.device.type, enabled=False):
            return self.head((features - self.mean) / self.spread), features

    def plain_head(self) -> Head:
        """The head for features as the encoder gives them."""
        with torch.no_grad():
            weight = (self.head.weight / self.spread).numpy().copy()
            bias = (self.head.bias - self.head.weight @ (self.mean / self.spread)).numpy().copy()
        return Head(weight=weight, bias=bias)


def tune(
    start: Tuned,
    scale: Scale,
    clips: Sequence[Clip],
    noise: Sequence[Float32],
    known: Sequence[Label],
    cache: Path,
    say: Callable[[str], None],
    job: Tuning | None = None,
) -> Tuned:
    """Train on clips with labels of `known`; resumed from `cache` where it was interrupted, and
    read from it where it was finished. `start` stays as it is. Raises CorpusError."""
    job = job or Tuning()
    folder = cache / fingerprint(start, clips, job)
    folder.mkdir(parents=True, exist_ok=True)
    network = Whole(deepcopy(start.encoder), start.head, scale)
    finished = folder / "tuned.pt"
    if finished.is_file():
        network.load_state_dict(torch.load(finished, weights_only=True))
    else:
        _learn(network, shelf(clips, noise, known), folder / "tuning.pt", say, job)
        torch.save(network.state_dict(), finished)
    begun = Whole(start.encoder, start.head, scale)
    with torch.no_grad():
        for one, first in zip(network.parameters(), begun.parameters(), strict=True):
            one.lerp_(first, 1 - job.share)
    head = network.plain_head()
    unknown = start.head.bias <= MASKED_LOGIT / 2
    return Tuned(
        encoder=network.encoder.eval(),
        head=Head(
            weight=np.where(unknown[:, None], np.float32(0), head.weight),
            bias=np.where(unknown, np.float32(MASKED_LOGIT), head.bias),
        ),
    )


def fingerprint(start: Tuned, clips: Sequence[Clip], job: Tuning) -> str:
    """Short digest of everything that learned weights depend on but the noise."""
    digest = hashlib.sha256(repr(replace(job, share=1.0)).encode())
    for tensor in start.encoder.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    digest.update(start.head.weight.tobytes())
    for clip in clips:
        digest.update(f"{clip.path.name} {clip.speaker} {clip.label}\n".encode())
    return digest.hexdigest()[:16]


def _learn(
    network: Whole, material: Shelf, kept: Path, say: Callable[[str], None], job: Tuning
) -> None:
    """All steps that are left; `network` ends with the averaged weights."""
    blocks, head = list(network.encoder.blocks.parameters()), list(network.head.parameters())
    learned = [*blocks, *head]
    for one in network.parameters():
        one.requires_grad_(any(one is other for other in learned))
    groups: list[dict[str, Any]] = [{"params": blocks}, {"params": head, "lr": job.head_rate}]
    optimiser = torch.optim.AdamW(groups, lr=job.rate, weight_decay=job.decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, job.steps))
    average = [one.detach().clone() for one in learned]
    parts: dict[str, Any] = {"network": network, "optimiser": optimiser, "schedule": schedule}
    first = 0
    if kept.is_file():
        state = torch.load(kept, weights_only=True)
        first, average = state["step"], state["average"]
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for step in range(first, job.steps):
        loss = _step(network, cut(material, job.batch, job.seed, step, job.smoothing), job)
        if not math.isfinite(float(loss.detach())):
            raise CorpusError(f"tuning: the loss of step {step + 1} is no number; lower the rate")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        schedule.step()
        # A short memory at first: the average must not hold on to the start.
        share = min(job.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, one in zip(average, learned, strict=True):
                mean.lerp_(one, 1 - share)
        if (step + 1) % KEEP_EVERY == 0:
            part = kept.with_suffix(".part")
            state = {name: one.state_dict() for name, one in parts.items()}
            torch.save(state | {"step": step + 1, "average": average}, part)
            part.rename(kept)
        if (step + 1) % SAY_EVERY == 0:
            say(f"tuning: step {step + 1} of {job.steps}, loss {float(loss.detach()):.3f}")
    with torch.no_grad():
        for mean, one in zip(average, learned, strict=True):
            one.copy_(mean)
    kept.unlink(missing_ok=True)


def _step(network: Whole, pieces: Pieces, job: Tuning) -> Tensor:
    """Weighted cross-entropy of the pieces' mean logits over the labels that they may have."""
    with torch.autocast("cpu", torch.bfloat16, enabled=job.half):
        logits, _ = network(pieces.waves, pieces.held)
    whole = (logits * pieces.spoken[..., None]).sum(1).masked_fill(pieces.hidden, MASKED_LOGIT)
    errors = -(pieces.targets * whole.log_softmax(-1)).sum(-1)
    return (errors * pieces.weights).mean()


def _pace(step: int, steps: int) -> float:
    """Share of the largest learning rate: a short rise, then half a cosine."""
    return min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / steps)))
