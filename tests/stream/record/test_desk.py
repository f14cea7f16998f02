import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.record.world import audio, forced, session

from tonewatch.stream.events import Fault
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.desk import Desk
from tonewatch.stream.record.items import Changed, Close, Discard, Open
from tonewatch.stream.settings import RecordSettings


class Told:
    """A desk whose clock the test turns."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.faults: list[Fault] = []
        self.opened: dict[str, Path] = {}
        self.closed: dict[str, Path] = {}
        self.desk = Desk(
            RecordSettings(output=output, fsync_s=1.0),
            on_fault=self.faults.append,
            on_opened=self.opened.__setitem__,
            on_closed=self.closed.__setitem__,
        )

    def open(self, id: str, now: float = 0.0) -> None:
        self.desk.handle(Open(info=session(id), settings=forced(self.output)), now)

    def turns(self, now: float) -> int:
        count = 0
        while self.desk.turn(now):
            count += 1
        return count


def test_sessions_are_flushed_together_and_synced_one_by_one(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for id in ("a", "b"):
        told.open(id)
        told.desk.handle(audio(0, 10, session=id), 0.0)
    assert told.turns(0.0) == 1
    assert (told.opened["a"] / "heard.u8").stat().st_size == 10
    assert told.desk.durable == {"a": 0, "b": 0}
    assert told.desk.next_due() == 0.5
    assert told.turns(0.5) == 1
    assert told.desk.next_due() == 1.0
    assert told.desk.turn(1.0)
    assert told.desk.turn(1.0)
    assert sorted(told.desk.durable.values()) == [0, 10]
    assert told.turns(1.0) == 1
    assert told.desk.durable == {"a": 10, "b": 10}


def test_a_folder_is_finished_in_small_turns(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.open("a")
    told.turns(0.0)
    for start in range(0, 12_000, 1000):
        told.desk.handle(audio(start, 1000, session="a"), 0.0)
    told.desk.handle(Close(info=replace(session("a"), state="ended")), 0.0)
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
    told.desk.handle(Close(info=session("a")), 0.0)
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
        told.desk.handle(Changed(info=session("a", name=f"n{number}")), 0.0)
    output.unlink()
    told.turns(1.0)
    assert [fault.active for fault in told.faults] == [True, False]
    assert read_card(told.opened["a"]).info.name == "n4"


def test_what_is_said_of_an_unknown_session_is_ignored(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.desk.handle(audio(0, 10, session="ghost"), 0.0)
    told.desk.handle(Close(info=session("ghost")), 0.0)
    told.desk.handle(Discard(session="ghost"), 0.0)
    assert told.desk.missed == 1
    assert told.faults == []
