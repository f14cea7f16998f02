import threading
from collections.abc import Sequence

import numpy as np
import pytest
from tests.stream.house import LONG_S, GatedEngine
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.tasks import task, window

from tonewatch.models.engine import Engine
from tonewatch.models.manifest import Streaming
from tonewatch.models.window import Frames, Window
from tonewatch.stream.engine_thread import Answer, EngineThread, batch_of
from tonewatch.stream.events import Fault


def test_on_the_cpu_windows_go_one_by_one() -> None:
    assert batch_of(LoudnessEngine(), 8, 0.01) == (1, 0.0)
    gpu = LoudnessEngine()
    gpu.provider = "CUDA"  # type: ignore[misc]
    assert batch_of(gpu, 8, 0.01) == (8, 0.01)
    gpu.manifest = MANIFEST.model_copy(update={"batching": False})  # type: ignore[misc]
    assert batch_of(gpu, 8, 0.01) == (1, 0.0)


def test_an_engine_that_remembers_takes_what_waits_and_waits_for_nothing() -> None:
    engine = LoudnessEngine()
    remembers = Streaming(delay_frames=10)
    engine.manifest = MANIFEST.model_copy(update={"streaming": remembers})  # type: ignore[misc]
    assert batch_of(engine, 8, 0.01) == (8, 0.0)
    engine.manifest = engine.manifest.model_copy(update={"batching": False})  # type: ignore[misc]
    assert batch_of(engine, 8, 0.01) == (1, 0.0)


class Desk:
    """What the thread said."""

    def __init__(self, engine: Engine) -> None:
        self.answers: list[Answer] = []
        self.faults: list[Fault] = []
        self._changed = threading.Condition()
        self.thread = EngineThread(
            lambda: engine,
            batch=8,
            max_wait_s=0.0,
            on_answers=self._take,
            on_fault=self.faults.append,
            now=lambda: 0.0,
        )

    def _take(self, answers: Sequence[Answer]) -> None:
        with self._changed:
            self.answers += answers
            self._changed.notify_all()

    def wait(self, count: int) -> list[Answer]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.answers) >= count, LONG_S)
            return self.answers


def test_the_newest_window_of_a_live_leg_takes_the_place_of_its_waiting_one() -> None:
    engine = GatedEngine()
    desk = Desk(engine)
    desk.thread.start()
    desk.thread.submit([task("a/customer", 1.0)])
    assert engine.called.wait(LONG_S)
    assert desk.thread.submit([task("a/customer", 2.0), task("b/customer", 2.0)]) == []
    superseded = desk.thread.submit([task("a/customer", 3.0)])
    assert [one.captured_at for one in superseded] == [2.0]
    engine.go.set()
    answered = [(one.window.leg, one.window.captured_at) for one in desk.wait(3)]
    assert answered == [("a/customer", 1.0), ("b/customer", 2.0), ("a/customer", 3.0)]
    assert desk.thread.statistics().superseded == 1
    assert desk.thread.statistics().waiting == 0
    desk.thread.stop()


def test_a_recordings_windows_are_all_read() -> None:
    engine = GatedEngine()
    desk = Desk(engine)
    desk.thread.start()
    for end in range(5):
        assert desk.thread.submit([task(end=float(end), live=False)]) == []
    engine.go.set()
    assert [one.window.captured_at for one in desk.wait(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    desk.thread.stop()


def test_dropped_windows_are_never_read() -> None:
    engine = GatedEngine()
    desk = Desk(engine)
    desk.thread.start()
    desk.thread.submit([task("a/customer", 1.0)])
    assert engine.called.wait(LONG_S)
    desk.thread.submit([task("b/customer", 2.0), task("c/customer", 3.0)])
    assert desk.thread.drop("b/customer") == 1
    engine.go.set()
    assert [one.window.leg for one in desk.wait(2)] == ["a/customer", "c/customer"]
    desk.thread.stop()


def test_legs_are_opened_before_their_windows_and_closed_after() -> None:
    engine = GatedEngine()
    desk = Desk(engine)
    desk.thread.start()
    desk.thread.open("s/customer")
    desk.thread.submit([task()])
    engine.go.set()
    desk.wait(1)
    assert engine.open_legs == {"s/customer"}
    desk.thread.close("s/customer")
    desk.thread.submit([task("t/customer")])
    desk.wait(2)
    assert engine.open_legs == set()
    desk.thread.stop()


class Picky(LoudnessEngine):
    """Cannot read one leg, and says so in different ways."""

    provider = "CUDA"

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        bad = any(window.leg.startswith("bad") for window in windows)
        if bad and self.way == "raises":
            raise RuntimeError("cannot")
        answers = super().infer(windows)
        if bad and self.way == "short":
            return answers[1:]
        if bad and self.way == "mixed":
            return super().infer([window("other/leg")] * len(windows))
        if bad and self.way == "nan":
            logits = np.full_like(answers[0].logits, np.nan)
            return [
                Frames(
                    leg=one.leg,
                    start_frame=one.start_frame,
                    logits=logits,
                    features=one.features,
                    captured_at=one.captured_at,
                )
                for one in answers
            ]
        return answers


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("raises", "cannot"),
        ("short", "0 answers for 1 windows"),
        ("mixed", "an answer for leg 'other/leg' instead of 'bad/customer'"),
        ("nan", "logits that are not finite"),
    ],
)
def test_a_window_that_fails_does_not_cost_its_neighbours_their_answer(way: str, told: str) -> None:
    desk = Desk(Picky(way))
    desk.thread.submit([task("a/customer"), task("bad/customer"), task("c/customer")])
    desk.thread.start()
    answers = {one.window.leg: one.frames for one in desk.wait(3)}
    assert answers["bad/customer"] is None
    assert answers["a/customer"] is not None
    assert answers["c/customer"] is not None
    assert desk.faults[0].active
    assert desk.faults[0].code == "engine"
    assert told in desk.faults[0].message
    assert desk.thread.statistics().failed == 1
    desk.thread.stop()


def test_an_engine_that_always_fails_is_one_fault_and_a_living_thread() -> None:
    engine = GatedEngine()
    engine.go.set()
    engine.failing = RuntimeError("broken")
    desk = Desk(engine)
    desk.thread.start()
    for end in range(3):
        desk.thread.submit([task(end=float(end), live=False)])
    assert all(one.frames is None for one in desk.wait(3))
    assert [fault.active for fault in desk.faults] == [True]
    engine.failing = None
    desk.thread.submit([task()])
    desk.wait(4)
    desk.thread.stop()
    assert [fault.active for fault in desk.faults] == [True, False]


def test_a_thread_that_does_not_stop_is_named() -> None:
    engine = GatedEngine()
    desk = Desk(engine)
    desk.thread.start()
    desk.thread.submit([task()])
    assert engine.called.wait(LONG_S)
    with pytest.raises(TimeoutError, match="'engine'"):
        desk.thread.stop(0.01)
    engine.go.set()
    desk.thread.stop()


class WorkingEngine(LoudnessEngine):
    """Lets a clock of its own run on by what a call costs."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0.0

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.clock += 2.0
        return super().infer(windows)


def test_windows_of_a_live_leg_are_set_further_apart_while_the_engine_has_no_room() -> None:
    engine, answered = WorkingEngine(), threading.Semaphore(0)
    thread = EngineThread(
        lambda: engine,
        batch=1,
        max_wait_s=0.0,
        on_answers=lambda answers: answered.release(len(answers)),
        on_fault=lambda fault: None,
        now=lambda: engine.clock,
        most_pace=4,
    )
    thread.start()
    taken = []
    for number in range(1, 20):
        if not thread.submit([task(end=float(number))]):
            assert answered.acquire(timeout=LONG_S)
            taken.append(number)
    statistics = thread.statistics()
    thread.stop()
    assert statistics.pace == 4
    assert statistics.superseded == 0
    assert taken[-1] - taken[-2] == 4


def remembering() -> tuple[GatedEngine, Desk]:
    """An engine that remembers and has read a window, and who waits for its answers."""
    engine = GatedEngine()
    remembers = Streaming(delay_frames=10)
    engine.manifest = MANIFEST.model_copy(update={"streaming": remembers})  # type: ignore[misc]
    engine.go.set()
    desk = Desk(engine)
    desk.thread.start()
    desk.thread.submit([task("a/customer", 1.0)])
    desk.wait(1)
    return engine, desk


def test_what_is_gathered_is_read_in_one_call_once_all_of_it_is_there() -> None:
    engine, desk = remembering()
    with desk.thread.gathering():
        for leg in "bcd":
            desk.thread.submit([task(f"{leg}/customer", 2.0)])
    desk.wait(4)
    assert engine.calls == [1, 3]
    desk.thread.stop()


def test_a_call_full_of_what_is_gathered_does_not_wait_for_the_rest() -> None:
    engine, desk = remembering()
    with desk.thread.gathering():
        desk.thread.submit([task(f"{leg}/customer", 2.0) for leg in "bcdefghi"])
        desk.wait(9)
    assert engine.calls == [1, 8]
    desk.thread.stop()
