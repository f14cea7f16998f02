import shutil
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.record.world import audio, forced, session

from tonewatch.stream.events import Fault
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.desk import AT_A_TURN, Desk
from tonewatch.stream.record.items import Changed, Close, Discard, Open
from tonewatch.stream.settings import RecordSettings


class Told:
    """A desk whose clock the test turns, and whose disk it lets answer."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.asked: list[tuple[Future[None], Callable[[], None]]] = []
        self.faults: list[Fault] = []
        self.opened: dict[str, Path] = {}
        self.closed: dict[str, Path] = {}
        self.desk = Desk(
            RecordSettings(output=output, fsync_s=1.0),
            submit=self._submit,
            on_fault=self.faults.append,
            on_opened=self.opened.__setitem__,
            on_closed=self.closed.__setitem__,
        )

    def open(self, id: str, now: float = 0.0) -> None:
        self.desk.handle(Open(info=session(id), settings=forced(self.output)))

    def _submit(self, act: Callable[[], None]) -> Future[None]:
        answer: Future[None] = Future()
        self.asked.append((answer, act))
        return answer

    def disk(self, error: OSError | None = None) -> None:
        """The disk answers what it was asked last."""
        answer, act = self.asked[-1]
        act()
        if error:
            answer.set_exception(error)
        else:
            answer.set_result(None)

    def turns(self, now: float) -> int:
        count = 0
        while self.desk.turn(now):
            count += 1
        return count


def test_sessions_are_handed_over_some_at_a_turn_and_synced_together(tmp_path: Path) -> None:
    told = Told(tmp_path)
    ids = [f"s{number}" for number in range(AT_A_TURN + 1)]
    for id in ids:
        told.open(id)
        told.desk.handle(audio(0, 10, session=id))
    assert told.turns(0.0) == 2
    assert {(told.opened[id] / "heard.u8").stat().st_size for id in ids} == {10}
    assert told.desk.durable == dict.fromkeys(ids, 0)
    assert told.desk.next_due() == 0.5
    told.disk()
    assert told.desk.next_due() == float("-inf")
    assert told.turns(0.0) == 1
    assert told.desk.durable == dict.fromkeys(ids, 10)
    told.desk.handle(audio(10, 5, session="s0"))
    assert told.turns(0.5) == 2
    assert len(told.asked) == 1, "every second round alone is for the disk"
    assert (told.opened["s0"] / "heard.u8").stat().st_size == 15
    told.turns(1.0)
    told.desk.handle(audio(15, 5, session="s0"))
    told.disk()
    told.turns(1.0)
    assert told.desk.durable == dict.fromkeys(ids, 10) | {"s0": 15}


def test_a_slow_disk_is_asked_again_only_when_it_has_answered(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.turns(0.0)
    for second in range(1, 5):
        told.desk.handle(audio(second * 50, 50, session="a"))
        assert told.turns(second) == 1
    assert len(told.asked) == 1
    told.disk()
    told.turns(5.0)
    assert len(told.asked) == 2


def test_a_disk_that_answers_late_takes_nothing_back(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.turns(0.0)
    told.desk.handle(audio(0, 50, session="a"))
    told.desk.sync_all()
    assert told.desk.durable["a"] == 50
    told.disk()
    told.turns(0.0)
    assert told.desk.durable["a"] == 50


def test_a_disk_that_fails_is_a_fault_until_it_takes_two_syncs(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.desk.handle(audio(0, 10, session="a"))
    told.turns(0.0)
    told.disk(OSError(5, "Input/output error"))
    told.turns(0.0)
    assert [fault.active for fault in told.faults] == [True]
    assert told.desk.durable == {"a": 0}
    for second in (1.0, 2.0):
        told.turns(second)
        told.disk()
        told.turns(second)
    assert [fault.active for fault in told.faults] == [True, False]
    assert told.desk.durable == {"a": 10}


def test_a_session_that_ends_while_the_disk_is_asked_is_finished(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.turns(0.0)
    told.desk.handle(Close(info=replace(session("a"), state="ended")))
    told.turns(0.0)
    told.disk()
    told.turns(0.0)
    assert (told.closed, told.faults) == (told.opened, [])


def test_a_folder_is_finished_in_small_turns(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.turns(0.0)
    for start in range(0, 12_000, 1000):
        told.desk.handle(audio(start, 1000, session="a"))
    told.desk.handle(Close(info=replace(session("a"), state="ended")))
    assert told.desk.next_due() == float("-inf")
    assert told.turns(0.0) > 3
    assert told.closed == told.opened
    assert told.desk.next_due() is None


def test_nothing_to_do_is_no_turn(tmp_path: Path) -> None:
    told = Told(tmp_path)
    assert told.turns(100.0) == 0
    assert told.desk.next_due() is None


def test_a_folder_that_vanished_ends_its_session_with_a_fault(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    shutil.rmtree(told.opened["a"])
    told.desk.handle(Close(info=session("a")))
    told.turns(0.0)
    assert [fault.active for fault in told.faults] == [True, False]
    assert "could not be finished" in told.faults[1].message
    assert told.desk.next_due() is None


def test_orders_for_a_folder_that_cannot_be_made_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tonewatch.stream.record.desk.KEPT_CONTROLS", 5)
    output = tmp_path / "out"
    output.write_text("in the way")
    told = Told(output)
    told.open("a")
    for number in range(10):
        told.desk.handle(Changed(info=session("a", name=f"n{number}")))
    output.unlink()
    told.turns(1.0)
    assert [fault.active for fault in told.faults] == [True, False]
    assert read_card(told.opened["a"]).info.name == "n4"


def test_what_is_said_of_an_unknown_session_is_ignored(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.desk.handle(audio(0, 10, session="ghost"))
    told.desk.handle(Close(info=session("ghost")))
    told.desk.handle(Discard(session="ghost"))
    assert told.desk.missed == 1
    assert told.faults == []
