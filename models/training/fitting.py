"""Gradient descent on any network: resumable, over one process or several, in mixed precision."""

import csv
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from ..labels import MASKED_LOGIT
from .batches import Batch, Draw
from .networks import Network

Precision = Literal["fp32", "bf16", "fp16"]


class FittingError(ValueError):
    """A training cannot be run like this; the message names the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """How long, how fast and how exactly to learn."""

    steps: int = 3000
    rate: float = 1e-3
    """Largest learning rate; it rises over 100 steps and falls by a cosine."""
    decay: float = 1e-2
    precision: Precision = "fp32"
    """Products in bfloat16 (processors and GPUs that have it) or float16 (GPUs alone)."""
    keep_every: int = 100
    """Steps between two checkpoints."""
    teacher_share: float = 1.0
    """Weight of what the teacher says, beside the labels."""
    teacher_temperature: float = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """This process among those that train together."""

    rank: int = 0
    world: int = 1


@contextmanager
def processes() -> Iterator[Place]:
    """The processes that torchrun started; one alone without it."""
    if not distributed.is_torchelastic_launched():
        yield Place()
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Place(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


class Learner(nn.Module):
    """A network and, with a teacher, the layer that brings its features to the teacher's."""

    def __init__(self, network: Network, taught_width: int | None, job: Fitting) -> None:
        super().__init__()
        self.network = network
        self.job = job
        self.project = nn.Linear(network.width, taught_width) if taught_width else None

    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch."""
        logits, features = self.network(batch.waves)
        logits, features = logits.float(), features.float()
        spoken = batch.spoken / batch.spoken.sum(1, keepdim=True).clamp_min(1)
        whole = (logits * spoken[..., None]).sum(1).masked_fill(batch.hidden, MASKED_LOGIT)
        errors = -(batch.targets * whole.log_softmax(-1)).sum(-1)
        loss = (errors * batch.weights).mean()
        if batch.taught is None or self.project is None:
            return loss
        said, shown = batch.taught
        heat = self.job.teacher_temperature
        apart = functional.kl_div(
            ((logits + _unknown(said)) / heat).log_softmax(-1),
            ((said + self.network.mask) / heat).softmax(-1),
            reduction="none",
        ).sum(-1)
        moved = ((self.project(features) - shown) ** 2).mean(-1)
        return loss + self.job.teacher_share * ((heat**2 * apart + moved) * spoken).sum(1).mean()


def _unknown(said: Tensor) -> Tensor:
    """A mask on what the teacher does not know: nothing is learned about it."""
    return torch.where(said < MASKED_LOGIT / 2, MASKED_LOGIT, 0.0)


def fit(
    network: Network,
    draw: Draw,
    job: Fitting,
    cache: Path,
    say: Callable[[str], None],
    *,
    taught_width: int | None = None,
    place: Place | None = None,
) -> Network:
    """Train `network`; the same in evaluation mode.

    Checkpoints and `curve.csv` (step, loss, rate, seconds) lie in `cache`; a run that was
    interrupted goes on at the last checkpoint and ends with the same weights. Raises FittingError.
    """
    place = place or Place()
    device = torch.device("cuda", place.rank) if torch.cuda.is_available() else torch.device("cpu")
    if job.precision == "fp16" and device.type == "cpu":
        raise FittingError("fp16 needs a GPU; processors learn in bf16 or fp32")
    torch.manual_seed(0)
    learner = Learner(network, taught_width, job).to(device).train()
    run = _Run(learner, job, device, cache)
    first = run.resume()
    if place.rank == 0:
        run.rewind(first)
    whole: nn.Module = learner
    if place.world > 1:
        whole = DistributedDataParallel(learner)
    for step in range(first, job.steps):
        loss = run.step(whole, draw(step))
        if place.rank == 0:
            run.note(step, loss, say)
    if place.world > 1:
        distributed.barrier()
    return learner.network.cpu().eval()


class _Run:
    """Optimiser, schedule and files of one training."""

    def __init__(self, learner: Learner, job: Fitting, device: torch.device, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        self._learner, self._job, self._device = learner, job, device
        self._optimiser = torch.optim.AdamW(
            learner.parameters(), lr=job.rate, weight_decay=job.decay
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, lambda step: _pace(step, job.steps)
        )
        self._scaler = torch.amp.GradScaler("cuda", enabled=job.precision == "fp16")
        self._kept, self._curve = cache / "training.pt", cache / "curve.csv"
        self._begun = time.monotonic()

    @property
    def _parts(self) -> dict[str, Any]:
        return {
            "learner": self._learner,
            "optimiser": self._optimiser,
            "schedule": self._schedule,
            "scaler": self._scaler,
        }

    def resume(self) -> int:
        """The first step that is left; 0 without a checkpoint."""
        if not self._kept.is_file():
            return 0
        state = torch.load(self._kept, weights_only=True, map_location=self._device)
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        return int(state["step"])

    def rewind(self, step: int) -> None:
        """The curve up to a step: what came behind the checkpoint is run again."""
        if self._curve.is_file():
            lines = self._curve.read_text(encoding="utf-8").splitlines(keepends=True)
            self._curve.write_text("".join(lines[: step + 1]), encoding="utf-8")

    def step(self, whole: nn.Module, batch: Batch) -> float:
        """Learn from one batch; its loss."""
        kind = torch.float16 if self._job.precision == "fp16" else torch.bfloat16
        on = self._job.precision != "fp32"
        with torch.autocast(self._device.type, kind, enabled=on):
            loss = whole(_moved(batch, self._device))
        self._optimiser.zero_grad()
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._learner.parameters(), 1.0)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._schedule.step()
        return float(loss.detach())

    def note(self, step: int, loss: float, say: Callable[[str], None]) -> None:
        """A row of the curve, and a checkpoint where one is due."""
        if not math.isfinite(loss):
            raise FittingError(f"step {step + 1}: the loss is {loss}; try a smaller --rate")
        fresh = step == 0 or not self._curve.is_file()
        with self._curve.open("w" if fresh else "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if fresh:
                writer.writerow(["step", "loss", "rate", "seconds"])
            rate = self._schedule.get_last_lr()[0]
            seconds = time.monotonic() - self._begun
            writer.writerow([step + 1, f"{loss:.5f}", f"{rate:.3g}", f"{seconds:.2f}"])
        if (step + 1) % self._job.keep_every == 0 or step + 1 == self._job.steps:
            part = self._kept.with_suffix(".part")
            state = {name: one.state_dict() for name, one in self._parts.items()}
            torch.save(state | {"step": step + 1}, part)
            part.rename(self._kept)
            say(f"step {step + 1} of {self._job.steps}, loss {loss:.3f}")


def _moved(batch: Batch, device: torch.device) -> Batch:
    taught = batch.taught
    return Batch(
        waves=batch.waves.to(device),
        spoken=batch.spoken.to(device),
        targets=batch.targets.to(device),
        hidden=batch.hidden.to(device),
        weights=batch.weights.to(device),
        taught=(taught[0].to(device), taught[1].to(device)) if taught else None,
    )


def _pace(step: int, steps: int) -> float:
    rise = min(1.0, (step + 1) / min(100, max(1, steps // 5)))
    return float(rise * (0.5 + 0.5 * np.cos(math.pi * min(1.0, step / steps))))
