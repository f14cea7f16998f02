"""What goes into an engine and what comes out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .grid import FRAME_SAMPLES
from .labels import LABELS

Float32 = npt.NDArray[np.float32]
"""Arrays of samples, logits and features; never changed after they were handed over."""


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, made read-only."""
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A stretch of one leg's 16 kHz sound for an engine to read."""

    leg: str
    """Key of the leg, unique in the process: `session/leg`."""
    start_frame: int
    """Frame of the leg's 20 ms grid at which the samples start."""
    samples: Float32
    """Shape [S], 16 kHz, in int16 steps of 1/32768, within [-1, 1); S is a true length that the
    manifest names, never padded."""
    speech: float
    """Share of frames with speech, 0 to 1."""
    captured_at: float
    """Monotonic seconds at which the newest sample of the window arrived."""
    warming_up: bool = False
    """True for a window shorter than the full length: a young leg, or a voice after a silence."""

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise TypeError(
                f"leg {self.leg!r}: expected float32 samples of shape [S], "
                f"got {self.samples.dtype} {self.samples.shape}"
            )
        frozen(self.samples)

    @property
    def stop_frame(self) -> int:
        """First frame behind the window."""
        return self.start_frame + len(self.samples) // FRAME_SAMPLES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """What an engine read in one window."""

    leg: str
    start_frame: int
    """Frame of the leg's grid that row 0 stands for."""
    logits: Float32
    """Shape [F, 9], columns in the order of `LABELS`; MASKED_LOGIT where a label is unknown."""
    features: Float32
    """Shape [F, D]."""
    captured_at: float
    """As of the window."""
    warming_up: bool = False
    """As of the window."""

    def __post_init__(self) -> None:
        if self.logits.ndim != 2 or self.logits.shape[1] != len(LABELS):
            raise TypeError(
                f"leg {self.leg!r}: expected logits [F, {len(LABELS)}], got {self.logits.shape}"
            )
        if self.features.ndim != 2 or len(self.features) != len(self.logits):
            raise TypeError(
                f"leg {self.leg!r}: expected features [{len(self.logits)}, D], "
                f"got {self.features.shape}"
            )
        frozen(self.logits)
        frozen(self.features)

    @property
    def stop_frame(self) -> int:
        """First frame behind the last row."""
        return self.start_frame + len(self.logits)
