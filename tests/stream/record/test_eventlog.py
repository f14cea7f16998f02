from pathlib import Path

import pytest

from tonewatch.stream.events import Mark
from tonewatch.stream.record.eventlog import EVENTS_NAME, EventLog, read_events


def mark(at: int) -> Mark:
    return Mark(session="s1", name="note", at=at)


def test_events_come_back_as_they_were(tmp_path: Path) -> None:
    log = EventLog(tmp_path / EVENTS_NAME)
    for at in range(3):
        log.append(mark(at))
    log.sync()
    assert list(read_events(tmp_path)) == [mark(0), mark(1), mark(2)]


def test_half_a_line_is_left_out_and_cut_when_the_log_goes_on(tmp_path: Path) -> None:
    log = EventLog(tmp_path / EVENTS_NAME)
    log.append(mark(0))
    with log.path.open("ab") as file:
        file.write(b'{"type":"mark","sess')
    assert list(read_events(tmp_path)) == [mark(0)]
    EventLog(log.path).append(mark(1))
    assert list(read_events(tmp_path)) == [mark(0), mark(1)]


def test_events_of_another_version_are_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path / EVENTS_NAME)
    log.append(mark(0))
    with log.path.open("ab") as file:
        file.write(b'{"type":"from the future"}\n')
    EventLog(log.path).append(mark(1))
    assert list(read_events(tmp_path)) == [mark(0), mark(1)]


def test_an_event_that_the_disk_refused_is_written_later(tmp_path: Path) -> None:
    log = EventLog(tmp_path / EVENTS_NAME)
    away = tmp_path / "away"
    log.path.rename(away)
    with pytest.raises(FileNotFoundError):
        log.append(mark(0))
    away.rename(log.path)
    log.append(mark(1))
    assert list(read_events(tmp_path)) == [mark(0), mark(1)]


def test_a_folder_without_events_has_none(tmp_path: Path) -> None:
    assert list(read_events(tmp_path)) == []
