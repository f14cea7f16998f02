"""The types of sound: what sources hand over and rings keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..models.window import Float32, frozen

Role = Literal["customer", "agent", "mix", "other"]
"""Whose voice a leg carries. Only `customer` is scored (docs/architecture.md, Law)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """Consecutive samples of one leg, as captured."""

    leg: str
    start: int
    """Position of the first sample, counted at the leg's own rate from its first, gaps included."""
    samples: Float32
    """Shape [N], in [-1, 1], at the leg's own rate; read-only."""
    captured_at: float
    """Monotonic seconds at which the last sample arrived."""

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise TypeError(
                f"leg {self.leg!r}: expected float32 samples of shape [N], "
                f"got {self.samples.dtype} {self.samples.shape}"
            )
        frozen(self.samples)

    @property
    def stop(self) -> int:
        """Position behind the last sample."""
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Samples that were never had: lost, muted or paused. They keep their place in time."""

    leg: str
    start: int
    """Position of the first missing sample, at the leg's own rate."""
    length: int
    reason: str
    """`late reader`, `muted`, `overflow`, `device`, `paused`, ..."""
    captured_at: float
    """Monotonic seconds at which the gap's end became known."""

    @property
    def stop(self) -> int:
        """Position of the first sample behind the gap."""
        return self.start + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Frames [start, stop) of a leg's 20 ms grid."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.stop - self.start


def in_one(parts: Sequence[Float32]) -> Float32:
    """Contiguous samples [n] of each part behind each other, read-only.

    Joined as bytes: for more than 500 samples numpy hands Python's lock to another thread, and to
    get it back takes many times as long as the copy.
    """
    return np.frombuffer(b"".join([part.data for part in parts]), np.float32)
