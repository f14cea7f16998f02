"""The voice's pitch, by SwiftF0 (MIT, see NOTICE) through ONNX Runtime."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime as ort

from ....models.window import Float32
from ..arrays import Bool, Float64

HOP: Final = 256
"""Samples between two values: 16 ms at 16 kHz."""
PITCH_RATE: Final = 16_000 / HOP
"""Values in a second: 62.5."""
LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 500.0
"""What a speaking voice reaches, screams left out."""
_VOICED: Final = 0.5
"""Confidence from which on a frame counts as voiced, as the model was calibrated."""
_SILENT: Final = 1e-3
"""Peak of a hop under which the model's answer means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contour:
    """Pitch every 16 ms."""

    hz: Float64
    """[n] fundamental frequency; only where `voiced`."""
    voiced: Bool
    """[n]."""

    @property
    def semitones(self) -> Float64:
        """[n] above 100 Hz; NaN where there is no voice."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.voiced, 12 * np.log2(self.hz / 100.0), np.nan)


class Pitch(Protocol):
    """Whatever finds the pitch of 16 kHz samples."""

    def track(self, samples: Float32) -> Contour:
        """Pitch of samples [N] in [-1, 1]; value k stands for samples 256 k to 256 k + 255."""
        ...

    def begin(self, samples: Float32) -> Callable[[], Contour]:
        """The same, asked for later: the call gives it, and waits where it is not yet found."""
        contour = self.track(samples)
        return lambda: contour

    def end(self) -> None:
        """Nothing more will be begun."""
        return


class SwiftF0(Pitch):
    """The network. One may serve many legs and threads; it runs on one thread, so that the same
    samples give the same numbers."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = Path(__file__).with_name("swift_f0.onnx")
        self._session = ort.InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._band = {"fmin": np.float32(LOWEST_HZ), "fmax": np.float32(HIGHEST_HZ)}

    def track(self, samples: Float32) -> Contour:
        """Pitch of samples [N] in [-1, 1]; fewer than a hop have none."""
        count = len(samples) // HOP
        if not count:
            return Contour(hz=np.zeros(0), voiced=np.zeros(0, np.bool_))
        band = {name: np.asarray(value) for name, value in self._band.items()}
        hz, confidence = self._session.run(
            ["pitch", "confidence"], {"audio": samples[None, :], **band}
        )
        hops = samples[: count * HOP].reshape(count, HOP)
        heard = np.abs(hops).max(axis=1) >= _SILENT
        return Contour(
            hz=np.asarray(hz[0][:count], np.float64),
            voiced=np.asarray((confidence[0][:count] >= _VOICED) & heard),
        )


class Beside(Pitch):
    """Another one's pitch, what is begun found in a thread of its own.

    Three seconds of sound take some 15 ms, for which no other call, and no engine, should wait.
    The thread ends by `end`, or when nobody holds this any more.
    """

    def __init__(self, pitch: Pitch) -> None:
        self._pitch = pitch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pitch")

    def track(self, samples: Float32) -> Contour:
        """As the other one, in the caller's thread."""
        return self._pitch.track(samples)

    def begin(self, samples: Float32) -> Callable[[], Contour]:
        """The same numbers, found meanwhile."""
        return self._thread.submit(self._pitch.track, samples).result

    def end(self) -> None:
        """Find what was begun, then end the thread."""
        self._thread.shutdown()
