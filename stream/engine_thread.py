"""The engine's thread: a loop around what waits for it.

Rules of this file: one thread calls the engine, nobody else; a window of a live leg that still
waits is superseded by the leg's next one, so nothing grows; whatever the engine raises ends in an
answer and a fault, never in a dead thread.
"""

import contextlib
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..models.engine import Engine
from ..models.window import Frames, Window
from .events import Fault
from .pace import EveryNth, Load, Pace
from .waiting import Task, Waiting
from .worker import Worker

RUN_WAITING = 8
"""Windows of one live leg that may wait for an engine that remembers: each one given up is a hole
in what it heard. About two seconds."""
WAY_OUT = "the sessions go on being recorded; see the log, or choose another model with --model"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What became of a window."""

    window: Window
    frames: Frames | None
    """None where the engine failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatistics:
    """Counts since the thread started."""

    windows: int
    """Windows answered."""
    failed: int
    superseded: int
    waiting: int
    pace: int = 1
    """Factor by which the hop of live legs is stretched under load."""


def batch_of(engine: Engine, batch: int, max_wait_s: float) -> tuple[int, float]:
    """Windows in one call and seconds to wait for them.

    On a CPU nobody waits: an answer that waits for its neighbours is only later. An engine that
    remembers takes what is there already, where rows are independent: its weights pass through the
    processor once for all of them. Others would be read one by one there anyway.
    """
    if not engine.manifest.batching:
        return 1, 0.0
    if "CPU" not in engine.provider:
        return batch, max_wait_s
    return (batch, 0.0) if engine.manifest.streaming is not None else (1, 0.0)


class EngineThread(Worker):
    """Loads the engine and lets it read windows. All methods from any thread.

    `on_answers` and `on_fault` are called from the engine's thread and must be short.
    """

    def __init__(
        self,
        load: Callable[[], Engine],
        *,
        batch: int,
        max_wait_s: float,
        on_answers: Callable[[Sequence[Answer]], None],
        on_fault: Callable[[Fault], None],
        now: Callable[[], float],
        most_pace: int = 1,
    ) -> None:
        super().__init__("engine")
        self._load = load
        self._size, self._max_wait = batch, max_wait_s
        self._on_answers = on_answers
        self._on_fault = on_fault
        self._now = now
        self._waiting = Waiting()
        self._legs: list[tuple[str, bool]] = []
        """Legs to open (true) or close in the engine, in order."""
        self._engine: Engine | None = None
        self._loading = True
        self._gathering = False
        self._broken = False
        self._keep = 1
        """Windows of one live leg that may wait: a newer one supersedes the oldest."""
        self._windows = self._failed = self._superseded = 0
        self._pace, self._turns = Pace(most_pace), EveryNth()
        self._busy = 0.0
        """Seconds of the engine's work."""

    @property
    def engine(self) -> Engine | None:
        """The engine; None while it loads and where it could not be loaded."""
        return self._engine

    @property
    def loading(self) -> bool:
        """Whether the engine is being loaded."""
        return self._loading

    def busy(self) -> bool:
        """Whether a window waits."""
        return len(self._waiting) > 0

    def open(self, leg: str) -> None:
        """A leg begins."""
        self._note_leg(leg, begins=True)

    def close(self, leg: str) -> None:
        """A leg has ended; what of it still waits is forgotten."""
        self.drop(leg)
        with self._changed:
            self._turns.forget(leg)
        self._note_leg(leg, begins=False)

    def submit(self, tasks: Sequence[Task]) -> list[Window]:
        """Queue windows; return those that will not be answered: superseded, or passed by because
        windows are set further apart under load."""
        superseded: list[Window] = []
        passed_by: list[Window] = []
        with self._changed:
            for task in tasks:
                if not self._in_turn(task):
                    passed_by.append(task.window)
                    continue
                if task.live:
                    superseded += self._waiting.take_out(task.window.leg, but=self._keep - 1)
                self._waiting.add(task)
            self._superseded += len(superseded)
            if not self._gathering or len(self._waiting) >= self._size:
                self._changed.notify()
        return superseded + passed_by

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """What is submitted in the block wakes the thread at its end, or when there is a call full
        of it, where windows share calls: else the first is read alone while the others come."""
        with self._changed:
            self._gathering = self._size > 1
        try:
            yield
        finally:
            with self._changed:
                self._gathering = False
                self._changed.notify()

    def drop(self, leg: str) -> int:
        """Forget the waiting windows of a leg; their number."""
        with self._changed:
            return len(self._waiting.take_out(leg))

    def statistics(self) -> EngineStatistics:
        """Counts so far."""
        with self._changed:
            return EngineStatistics(
                windows=self._windows,
                failed=self._failed,
                superseded=self._superseded,
                waiting=len(self._waiting),
                pace=self._pace.factor,
            )

    def _in_turn(self, task: Task) -> bool:
        """Whether the window is to be read at the pace of now. A voice that begins is not made to
        wait, and an engine that remembers must hear everything."""
        if not task.live or task.window.warming_up or self._keep > 1:
            return True
        return self._turns.take(task.window.leg, self._pace.factor)

    def _look(self) -> None:
        """Set windows closer or further apart, as the engine keeps up."""
        with self._changed:
            load = Load(at=self._now(), busy=self._busy, superseded=self._superseded)
            changed = self._pace.look(load)
        if changed:
            log.info("windows of live legs at %d times the hop", self._pace.factor)

    def _note_leg(self, leg: str, *, begins: bool) -> None:
        with self._changed:
            self._legs.append((leg, begins))
            self._changed.notify()

    def _run(self) -> None:
        try:
            engine = self._load()
        except Exception as error:  # a broken model must not take the recording with it
            log.exception("the engine could not be loaded")
            self._loading = False
            self._fault(f"the engine could not be loaded: {error}")
            self._answer_nothing()
            return
        self._size, self._max_wait = batch_of(engine, self._size, self._max_wait)
        if engine.manifest.streaming is not None:
            self._keep = RUN_WAITING
        self._engine, self._loading = engine, False
        while True:
            tasks, legs = self._next()
            for leg, begins in legs:
                self._guarded(engine.open if begins else engine.close, leg)
            if tasks:
                begun = self._now()
                answers = self._answers(engine, [task.window for task in tasks])
                self._busy += self._now() - begun
                self._look()
                self._on_answers(answers)
            elif not legs:
                return

    def _next(self) -> tuple[list[Task], list[tuple[str, bool]]]:
        """What to do next; nothing at all when the thread is to stop."""
        with self._changed:
            while not self._stopping:
                legs, self._legs = self._legs, []
                tasks, due = self._waiting.take(
                    size=self._size, max_wait=self._max_wait, now=self._now()
                )
                if tasks or legs:
                    return tasks, legs
                self._changed.wait(None if due == math.inf else max(0.0, due - self._now()))
        return [], []

    def _answer_nothing(self) -> None:
        """Without an engine: every window is answered as failed, so that nobody waits for it."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.busy() or self._stopping)
                tasks = self._waiting.clear()
                self._legs.clear()
                self._failed += len(tasks)
                if self._stopping:
                    return
            self._on_answers([Answer(window=task.window, frames=None) for task in tasks])

    def _answers(self, engine: Engine, windows: list[Window]) -> list[Answer]:
        try:
            frames = engine.infer(windows)
            _check(windows, frames)
        except Exception as error:  # engines raise what their libraries raise
            if len(windows) > 1:
                # One window that an engine cannot read must not cost its neighbours their answer.
                return [answer for one in windows for answer in self._answers(engine, [one])]
            log.warning("the engine failed on a window of %s: %s", windows[0].leg, error)
            self._failed += 1
            self._fault(f"the engine failed: {error}")
            return [Answer(window=windows[0], frames=None)]
        self._windows += len(windows)
        self._mended()
        return [Answer(window=w, frames=f) for w, f in zip(windows, frames, strict=True)]

    def _guarded(self, act: Callable[[str], None], leg: str) -> None:
        try:
            act(leg)
        except Exception as error:
            log.exception("leg %s", leg)
            self._fault(f"the engine failed: {error}")

    def _fault(self, message: str) -> None:
        if not self._broken:
            self._broken = True
            self._on_fault(Fault(code="engine", message=message, way_out=WAY_OUT))

    def _mended(self) -> None:
        if self._broken:
            self._broken = False
            self._on_fault(
                Fault(code="engine", message="the engine works again", way_out="", active=False)
            )


def _check(windows: Sequence[Window], frames: Sequence[Frames]) -> None:
    if len(frames) != len(windows):
        raise ValueError(f"{len(frames)} answers for {len(windows)} windows")
    for window, answer in zip(windows, frames, strict=True):
        if answer.leg != window.leg:
            raise ValueError(f"an answer for leg {answer.leg!r} instead of {window.leg!r}")
        if not np.isfinite(answer.logits).all():
            raise ValueError("logits that are not finite")
