"""The track: overlapping windows fused, frame by frame, into one line of logits.

Fused in logits, never in probabilities: a peaked model's averages of probabilities jump between 0
and 1. Edges of a window are its worst place (no past, no future), so their weight falls to a floor.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..models.grid import FRAME_RATE
from ..models.labels import LABELS
from ..models.window import Float32, Frames
from .settings import TrackSettings

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fused:
    """Consecutive frames of one leg."""

    start_frame: int
    logits: Float32
    """Shape [n, 9]; zero where `valid` is false."""
    valid: Bool
    """Shape [n]: whether any window has read the frame."""
    features: Float32 | None = None
    """Shape [n, D], if the track keeps them."""

    @property
    def stop_frame(self) -> int:
        """First frame behind the last one."""
        return self.start_frame + len(self.valid)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackUpdate:
    """What one window changed."""

    settled: Fused
    """Frames that are now frozen; they follow the last settled ones without a hole."""
    provisional: Fused
    """All frames behind them, up to the newest."""


@functools.lru_cache(maxsize=64)
def weights(length: int, edge: int, floor: float) -> npt.NDArray[np.float64]:
    """Weight of each frame of a window [length]: 1 in the middle, linear to `floor` at the ends."""
    distance = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
    weight = floor + (1 - floor) * np.minimum(1.0, distance / edge)
    # Shared by all who ask.
    weight.flags.writeable = False
    return weight


class Track:
    """Fuses the windows of one leg. Estimates are summed in float64 in the order of the windows."""

    def __init__(
        self, settings: TrackSettings, *, start_frame: int = 0, keep_features: bool = False
    ) -> None:
        self._settle = settings.settle_ms * FRAME_RATE // 1000
        self._edge = settings.edge_ms * FRAME_RATE // 1000
        self._floor = settings.edge_floor
        self._keep = keep_features
        self._start = start_frame
        """First frame that is not settled."""
        self._sums = np.zeros((0, len(LABELS)))
        self._weights = np.zeros(0)
        self._features = np.zeros((0, 0))

    @property
    def settled_until(self) -> int:
        """First frame that is not settled yet."""
        return self._start

    def push(self, frames: Frames) -> TrackUpdate:
        """Add one window's answer and settle what is now old enough."""
        if not self._settle and not len(self._weights) and frames.start_frame >= self._start:
            return self._passed(frames)
        self._reach(frames.stop_frame, frames.features.shape[1])
        skip = max(0, self._start - frames.start_frame)
        if skip < len(frames.logits):
            weight = weights(len(frames.logits), self._edge, self._floor)[skip:]
            rows = slice(frames.start_frame + skip - self._start, frames.stop_frame - self._start)
            self._sums[rows] += weight[:, None] * frames.logits[skip:]
            self._weights[rows] += weight
            if self._keep:
                self._features[rows] += weight[:, None] * frames.features[skip:]
        return self._settled_to(max(self._start, frames.stop_frame - self._settle))

    def settle(self, frame: int) -> TrackUpdate:
        """Settle everything before `frame`, read or not: no further window will hold it."""
        frame = max(self._start, frame)
        self._reach(frame, self._features.shape[1])
        return self._settled_to(frame)

    def _passed(self, frames: Frames) -> TrackUpdate:
        """Settle an answer that overlaps with nothing: its mean is itself."""
        read, before = len(frames.logits), frames.start_frame - self._start
        valid = np.ones(before + read, np.bool_)
        valid[:before] = False
        logits, features = frames.logits, frames.features
        if before:
            logits = np.concatenate([np.zeros((before, len(LABELS)), np.float32), logits])
            unread = np.zeros((before, features.shape[1]), np.float32)
            features = np.concatenate([unread, features])
        settled = Fused(
            start_frame=self._start,
            logits=logits,
            valid=valid,
            features=features if self._keep else None,
        )
        self._start = frames.stop_frame
        return TrackUpdate(settled=settled, provisional=self._fused(0, 0))

    def _reach(self, stop: int, width: int) -> None:
        more = stop - self._start - len(self._weights)
        if more > 0:
            self._sums = np.concatenate([self._sums, np.zeros((more, len(LABELS)))])
            self._weights = np.concatenate([self._weights, np.zeros(more)])
        if self._keep and len(self._features) < len(self._weights):
            grown = np.zeros((len(self._weights), width))
            grown[: len(self._features), : self._features.shape[1]] = self._features
            self._features = grown

    def _settled_to(self, frame: int) -> TrackUpdate:
        count = frame - self._start
        settled, provisional = self._fused(0, count), self._fused(count, len(self._weights))
        self._start = frame
        self._sums, self._weights = self._sums[count:].copy(), self._weights[count:].copy()
        self._features = self._features[count:].copy()
        return TrackUpdate(settled=settled, provisional=provisional)

    def _fused(self, first: int, stop: int) -> Fused:
        weight = self._weights[first:stop]
        valid = weight > 0
        safe = np.where(valid, weight, 1.0)[:, None]
        features = None
        if self._keep:
            features = (self._features[first:stop] / safe).astype(np.float32)
        return Fused(
            start_frame=self._start + first,
            logits=(self._sums[first:stop] / safe).astype(np.float32),
            valid=valid,
            features=features,
        )
