"""What a listener hands on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...models.grid import FRAME_SAMPLES
from ...models.window import Float32

Bool = npt.NDArray[np.bool_]

INT16 = 32768.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """Whole 20 ms frames of one leg at 16 kHz."""

    leg: str
    start_frame: int
    samples: Float32
    """Shape [n * 320], multiples of 1/32768 in [-1, 1): a 16-bit file holds them exactly."""
    speech: Bool
    """Shape [n]."""
    gap: Bool
    """Shape [n]: the frame holds samples that were never had; they are zero."""
    captured_at: float
    """Monotonic seconds at which the last of these samples was captured."""

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.speech)

    @property
    def stop_frame(self) -> int:
        """First frame behind the last."""
        return self.start_frame + self.frames

    def int16(self) -> npt.NDArray[np.int16]:
        """The samples as a 16-bit file keeps them, shape [n * 320]."""
        return np.asarray(self.samples * INT16, dtype=np.int16)

    def part(self, first: int, stop: int) -> "Heard":
        """Frames [first, stop) of these, counted from the first one."""
        return Heard(
            leg=self.leg,
            start_frame=self.start_frame + first,
            samples=self.samples[first * FRAME_SAMPLES : stop * FRAME_SAMPLES],
            speech=self.speech[first:stop],
            gap=self.gap[first:stop],
            captured_at=self.captured_at,
        )


def quantise(samples: Float32) -> Float32:
    """Round to the nearest 1/32768 within [-1, 1): what a 16-bit file gives back is the same."""
    steps = np.asarray(samples * np.float32(INT16), dtype=np.float32)
    np.rint(steps, out=steps)
    np.minimum(steps, np.float32(INT16 - 1), out=steps)
    np.maximum(steps, np.float32(-INT16), out=steps)
    steps *= np.float32(1 / INT16)
    return steps
