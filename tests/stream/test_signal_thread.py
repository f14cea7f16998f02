import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.stream.house import LONG_S
from tests.stream.sound import voice
from tests.stream.test_call import Desk

from tonewatch.stream.call import Call
from tonewatch.stream.engine_thread import Answer
from tonewatch.stream.events import Activity, Fault, Readings
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.signal_thread import SignalThread


class Shell:
    """The thread around calls whose engine is the test."""

    def __init__(self) -> None:
        self.ended: list[Call] = []
        self.faults: list[Fault] = []
        self.seconds = threading.Event()
        self.closed = threading.Event()
        self.thread = SignalThread(
            on_ended=self._end,
            on_second=self.seconds.set,
            on_fault=self.faults.append,
            now=time.monotonic,
        )

    def _end(self, call: Call) -> None:
        self.ended.append(call)
        call.finish()
        call.closed = True
        self.closed.set()

    def add(self, desk: Desk) -> None:
        self.thread.order(lambda: self.thread.add(desk.call))

    def done(self, act: Any = lambda: None) -> None:
        """An order has been carried out, and all before it."""
        carried_out = threading.Event()
        self.thread.order(lambda: (act(), carried_out.set()))
        assert carried_out.wait(LONG_S)

    def until(self, good: Any) -> None:
        """Let rounds go by until something is true."""
        deadline = time.monotonic() + LONG_S
        while not good():
            assert time.monotonic() < deadline, "it never came true"
            self.done()


@pytest.fixture
def shell() -> Iterator[Shell]:
    made = Shell()
    yield made
    if made.thread._thread.is_alive():
        made.thread.stop()


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


def test_sound_is_listened_to_without_being_asked_again(shell: Shell, vad: Vad) -> None:
    desk = Desk(vad)
    shell.thread.start()
    shell.add(desk)
    desk.write(voice(2))
    shell.thread.wake()
    shell.until(lambda: len(desk.waiting) > 0 and desk.of(Activity))
    assert shell.seconds.wait(LONG_S)


def test_answers_come_back_to_their_leg_and_strangers_are_left_out(shell: Shell, vad: Vad) -> None:
    desk, other = Desk(vad), Desk(vad)
    shell.thread.start()
    shell.add(desk)
    desk.write(voice(2))
    other.write(voice(2))
    other.hear()
    shell.thread.wake()
    shell.until(lambda: desk.waiting)
    frames = desk.engine.infer(desk.waiting[:1])[0]
    shell.thread.deliver(
        [
            Answer(window=other.waiting[0], frames=None),
            Answer(window=desk.waiting[0], frames=frames),
        ]
    )
    shell.until(lambda: desk.of(Readings))
    assert shell.faults == []


def test_an_ended_call_waits_for_its_last_answer_and_no_longer(shell: Shell, vad: Vad) -> None:
    desk = Desk(vad)
    shell.thread.start()
    shell.add(desk)
    desk.write(voice(2))
    desk.session.end()
    shell.thread.wake()
    shell.until(lambda: desk.call.finishing)
    shell.done()
    assert shell.ended == []
    windows = list(desk.waiting)
    shell.thread.deliver([Answer(window=window, frames=None) for window in windows])
    assert shell.closed.wait(LONG_S)
    shell.until(lambda: not shell.thread.calls)


def test_an_order_that_fails_is_a_fault_and_the_thread_lives(shell: Shell, vad: Vad) -> None:
    shell.thread.start()
    shell.thread.order(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    shell.done()
    assert [fault.code for fault in shell.faults] == ["signal"]
    assert shell.faults[0].session == ""


def test_a_call_that_fails_ends_alone(
    shell: Shell, vad: Vad, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = Desk(vad), Desk(vad)
    monkeypatch.setattr(bad.call, "hear", lambda leg, heard: 1 / 0)
    shell.thread.start()
    shell.add(bad)
    shell.add(good)
    for desk in (bad, good):
        desk.write(voice(2))
    shell.thread.wake()
    assert shell.closed.wait(LONG_S)
    shell.until(lambda: good.waiting)
    assert shell.ended == [bad.call]
    assert [fault.session for fault in shell.faults] == [bad.session.id]


def test_without_calls_it_sleeps_until_the_second_is_over(shell: Shell) -> None:
    assert shell.thread._due() - shell.thread._now() > 0.9
    shell.thread.start()


def test_a_thread_that_does_not_stop_is_named(shell: Shell) -> None:
    begun, go = threading.Event(), threading.Event()
    shell.thread.start()
    shell.thread.order(lambda: (begun.set(), go.wait(LONG_S), None)[2])
    assert begun.wait(LONG_S)
    with pytest.raises(TimeoutError, match="'signal'"):
        shell.thread.stop(0.01)
    go.set()


def test_legs_that_are_listened_to_in_groups_are_all_heard(
    shell: Shell, vad: Vad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tonewatch.stream.signal_thread.TOGETHER", 1)
    desks = [Desk(vad) for _ in range(3)]
    for desk in desks:
        desk.write(voice(2))
    shell.thread.start()
    for desk in desks:
        shell.add(desk)
    shell.thread.wake()
    shell.until(lambda: all(desk.waiting for desk in desks))
    shell.thread.deliver([Answer(window=desk.waiting[0], frames=None) for desk in desks])
    shell.until(lambda: all(desk.call.legs[0].failed == 1 for desk in desks))
