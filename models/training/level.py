"""How loud a voice is, for a stream: the mean power of the last moments, held at its peaks."""

import math
import warnings
from typing import Final

import torch
from torch import Tensor, nn

from .encoder import QUIET, STEP

FAR: Final = -1e9
LEVEL_STEPS: Final = 16
"""Steps of 10 ms in one block of the level reference: a hop of 160 ms."""
LOWEST: Final = 2 * math.log10(QUIET)
"""log10 of power under which a level is not held. States are told from here: zero is the start."""


def _reference_of(
    power: Tensor,
    state: Tensor,
    keep: float,
    fall: float,
    most: int,
    lowest: float,
    far: float,
) -> tuple[Tensor, Tensor]:
    """Block by block, so that the rounding of a step does not depend on what else is in the call:
    `most` steps in each, the first with what is left over."""
    count = (power.shape[1] + most - 1) // most
    found: list[Tensor] = []
    for block in range(count):
        stop = power.shape[1] - most * (count - 1 - block)
        part = power[:, max(stop - most, 0) : stop]
        steps = torch.arange(1, part.shape[1] + 1)
        apart = (steps[:, None] - steps[None]).clamp_min(0).double()
        past = steps[:, None] >= steps[None]
        kept = torch.where(past, torch.exp(math.log(keep) * apart), torch.zeros_like(apart)).float()
        faded = torch.exp(math.log(keep) * steps.double()).float()
        total = (part[:, None] * kept).sum(2) + state[:, :1] * faded
        weight = kept.sum(1) + state[:, 1:2] * faded
        mean = torch.log10((total / weight).clamp_min(1e-10))
        before = torch.where(past, -fall * apart, torch.full_like(apart, far)).float()
        held = (mean[:, None] + before).amax(2)
        held = torch.maximum(held, state[:, 2:] + lowest - fall * steps).clamp_min(lowest)
        above = held - lowest
        state = torch.cat([total[:, -1:], weight[:, -1:], above[:, -1:]], 1)
        found.append(above)
    return torch.cat(found, 1), state


with warnings.catch_warnings():
    # Scripted, because a loop that is traced is laid out for one number of blocks. Deprecated like
    # the exporter that reads it (streaming_graph.py): both go together.
    warnings.simplefilter("ignore", DeprecationWarning)
    _reference = torch.jit.script(_reference_of)


class Level(nn.Module):
    """A running reference of loudness, for frames of power [B, T], 10 ms each."""

    def __init__(self, *, mean_s: float, fall_db: float) -> None:
        """Time constant of the mean in seconds; decibels a second by which what is held falls."""
        super().__init__()
        self.keep = math.exp(-STEP / 16000 / mean_s)
        self.fall = fall_db / 10 * STEP / 16000

    def forward(self, power: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The reference [B, T], log10 of power above LOWEST; `state` [B, 3]: sum, weight, held."""
        return _reference(power, state, self.keep, self.fall, LEVEL_STEPS, LOWEST, FAR)
