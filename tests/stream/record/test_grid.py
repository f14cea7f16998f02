from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.stream.record.grid import KEEP_BYTES, GridFile


def header(frames: int) -> bytes:
    return f"{frames:08d}".encode()


def records(start: int, count: int) -> bytes:
    return b"".join((start + i + 1).to_bytes(4, "big") for i in range(count))


def content(path: Path) -> bytes:
    return path.read_bytes()[8:]


@settings(max_examples=60)
@given(pieces=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.booleans()), max_size=12))
def test_every_record_lies_at_its_place_and_holes_are_zeros(
    pieces: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grid") / "file"
    grid = GridFile(path, 4, header)
    expected, position = bytearray(), 0
    for skipped, count, syncs in pieces:
        position += skipped
        grid.write(position, records(position, count))
        expected += bytes(4 * position - len(expected)) + records(position, count)
        position += count
        if syncs:
            assert grid.sync() == position
    grid.sync()
    assert content(path) == bytes(expected)
    assert path.read_bytes()[:8] == header(position)


def test_what_was_flushed_is_there_without_a_sync(tmp_path: Path) -> None:
    grid = GridFile(tmp_path / "file", 4, header)
    grid.write(0, records(0, 3))
    grid.flush()
    assert content(grid.path) == records(0, 3)
    assert grid.durable == 0


def test_a_sync_that_is_answered_late_takes_nothing_back(tmp_path: Path) -> None:
    grid = GridFile(tmp_path / "file", 4, header)
    grid.write(0, records(0, 2))
    slow = grid.begin_sync()
    assert slow is not None
    grid.write(2, records(2, 3))
    assert grid.sync() == 5
    grid.end_sync(slow)
    assert grid.durable == 5
    grid.truncate(3)
    grid.end_sync(slow)
    assert grid.durable == 3


def test_an_earlier_record_is_replaced(tmp_path: Path) -> None:
    grid = GridFile(tmp_path / "file", 4, header)
    grid.write(0, records(0, 4))
    grid.write(1, records(90, 2))
    grid.sync()
    assert content(grid.path) == records(0, 1) + records(90, 2) + records(3, 1)


def test_a_reopened_file_goes_on_behind_its_last_whole_record(tmp_path: Path) -> None:
    path = tmp_path / "file"
    grid = GridFile(path, 4, header)
    grid.write(0, records(0, 5))
    grid.sync()
    with path.open("ab") as file:
        file.write(b"xyz")
    again = GridFile(path, 4, header)
    assert again.frames == again.durable == 5
    again.truncate(3)
    assert content(path) == records(0, 3)
    assert path.read_bytes()[:8] == header(3)
    again.truncate(4)
    assert content(path) == records(0, 3) + bytes(4)


def test_a_refused_write_is_made_good_when_the_disk_is_back(tmp_path: Path) -> None:
    path, away = tmp_path / "file", tmp_path / "away"
    grid = GridFile(path, 4, header)
    grid.write(0, records(0, 2))
    grid.sync()
    path.rename(away)
    grid.write(2, records(2, 2))
    with pytest.raises(FileNotFoundError):
        grid.flush()
    grid.write(4, records(4, 2))
    away.rename(path)
    assert grid.sync() == 6
    assert content(path) == records(0, 6)


def test_a_disk_that_stays_away_costs_bounded_memory_and_leaves_a_hole(tmp_path: Path) -> None:
    path, away = tmp_path / "file", tmp_path / "away"
    grid = GridFile(path, 4, header)
    path.rename(away)
    piece = KEEP_BYTES // 4
    for start in range(0, 8 * piece, piece):
        with pytest.raises(FileNotFoundError):
            grid.write(start, bytes([1]) * (4 * piece))
    away.rename(path)
    grid.write(8 * piece, records(0, 1))
    assert grid.sync() == 8 * piece + 1
    found = content(path)
    assert len(found) == 4 * (8 * piece + 1)
    assert found.startswith(bytes(4))
    assert found.endswith(records(0, 1))


def test_the_beginning_of_a_record_that_a_killed_process_left_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "file"
    grid = GridFile(path, 4, header)
    grid.write(0, records(0, 2))
    grid.sync()
    with path.open("ab") as file:
        file.write(b"\x7f\x7f")
    again = GridFile(path, 4, header)
    again.truncate(4)
    assert content(path) == records(0, 2) + bytes(8)
