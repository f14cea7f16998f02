"""The voice's pitch, by SwiftF0 (MIT, see NOTICE) through ONNX Runtime."""

import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

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
MOST_WAITING: Final = 1000
"""Stretches of 3 s that may wait for a quiet moment: 100 MB."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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


class Later(Protocol[T_co]):
    """What is found out meanwhile."""

    def __call__(self) -> T_co:
        """What was found; waits for it."""
        ...

    def hurry(self) -> None:
        """It will be asked for soon."""
        ...


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found at once."""

    what: T

    def __call__(self) -> T:
        """It."""
        return self.what

    def hurry(self) -> None:
        """It is there already."""


class Pitch(Protocol):
    """Whatever finds the pitch of 16 kHz samples."""

    def track(self, samples: Float32) -> Contour:
        """Pitch of samples [N] in [-1, 1]; value k stands for samples 256 k to 256 k + 255."""
        ...

    def begin(self, act: Callable[[], T]) -> Later[T]:
        """Have something done that needs the pitch."""
        return Found(act())

    def go_on(self) -> None:
        """Some time has passed."""
        return

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


class _Task(Generic[T]):
    """Something to do once: in the thread beside, or by who cannot wait for it."""

    def __init__(self, act: Callable[[], T], beside: "Beside") -> None:
        self._act: Callable[[], T] | None = act
        self._beside = beside
        self._lock = threading.Lock()
        self._found: Future[T] = Future()

    def __call__(self) -> T:
        self.do()
        return self._found.result()

    def hurry(self) -> None:
        if self.waits:
            self._beside.put_first(self)

    @property
    def waits(self) -> bool:
        """Whether nobody has begun it."""
        return self._act is not None

    def do(self) -> None:
        """Do it, unless somebody else has begun."""
        with self._lock:
            act, self._act = self._act, None
        if act is None:
            return
        try:
            self._found.set_result(act())
        except Exception as error:  # whatever it is, it belongs to who asks
            self._found.set_exception(error)


class Beside(Pitch):
    """Another one's pitch, what is begun done in a thread of its own, one after another.

    Three seconds of sound take some 15 ms, for which no other call, and no engine, should wait:
    while those are `busy`, what was begun waits, up to `most`. Who asks for what still waits does
    it at once, in its own thread; what nobody can ask for any more is never done. `go_on` is called
    now and then. The thread ends by `end`, or when nobody holds this any more.
    """

    def __init__(
        self, pitch: Pitch, *, busy: Callable[[], bool] = lambda: False, most: int = MOST_WAITING
    ) -> None:
        self._pitch = pitch
        self._busy, self._most = busy, most
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pitch")
        self._lock = threading.Lock()
        self._waiting: deque[weakref.ref[_Task[Any]]] = deque()
        self._first: deque[weakref.ref[_Task[Any]]] = deque()
        """Those for which somebody will wait soon: done however busy it is."""
        self._working = self._ended = False

    def track(self, samples: Float32) -> Contour:
        """As the other one, in the caller's thread."""
        return self._pitch.track(samples)

    def begin(self, act: Callable[[], T]) -> Later[T]:
        """The same, done meanwhile or when it is asked for."""
        task = _Task(act, self)
        with self._lock:
            self._waiting.append(weakref.ref(task))
        self.go_on()
        return task

    def put_first(self, task: _Task[Any]) -> None:
        """Do a task before all others."""
        with self._lock:
            self._first.append(weakref.ref(task))
        self.go_on()

    def go_on(self) -> None:
        """Do what waits, if there is time for it."""
        with self._lock:
            if self._working or self._ended or (task := self._next()) is None:
                return
            self._working = True
            self._thread.submit(self._work, task)

    def end(self) -> None:
        """Let what is being done end, then the thread. What waits is done by who asks for it."""
        with self._lock:
            self._ended = True
        self._thread.shutdown()

    def _next(self) -> _Task[Any] | None:
        """What is to be done now: what somebody will wait for, then what has waited longest."""
        while self._first or len(self._waiting) > self._most or not self._busy():
            queue = self._first or self._waiting
            if not queue:
                return None
            task = queue.popleft()()
            if task is not None and task.waits:
                return task
        return None

    def _work(self, task: _Task[Any]) -> None:
        task.do()
        with self._lock:
            self._working = False
        self.go_on()
