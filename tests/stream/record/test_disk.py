import os
from pathlib import Path

import pytest

from tonewatch.stream.record import disk
from tonewatch.stream.record.disk import MANY, sync_file_system, sync_files


class Synced:
    """What the operating system is asked for."""

    def __init__(self, patch: pytest.MonkeyPatch, *, system: bool = True) -> None:
        self.files = 0
        self.systems: list[Path] = []

        def one(_: int) -> None:
            self.files += 1

        def all_of(folder: Path) -> bool:
            self.systems.append(folder)
            return system

        patch.setattr(os, "fsync", one)
        patch.setattr(disk, "sync_file_system", all_of)


def written(folder: Path, count: int) -> list[Path]:
    paths = [folder / str(number) for number in range(count)]
    for path in paths:
        path.write_bytes(b"x")
    return paths


def test_a_few_files_are_synced_each_and_deleted_ones_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Synced(monkeypatch)
    paths = written(tmp_path, MANY)
    paths[3].unlink()
    sync_files(paths, tmp_path)
    assert (asked.files, asked.systems) == (MANY - 1, [])


@pytest.mark.parametrize("system", [True, False])
def test_many_files_are_synced_by_one_call_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: bool
) -> None:
    asked = Synced(monkeypatch, system=system)
    sync_files(written(tmp_path, MANY + 1), tmp_path)
    assert (asked.files, asked.systems) == (0 if system else MANY + 1, [tmp_path])


def test_the_file_system_is_synced_on_linux_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 1)
    if disk.sys.platform == "linux":
        assert sync_file_system(tmp_path)
        with pytest.raises(FileNotFoundError):
            sync_file_system(tmp_path / "none")
    monkeypatch.setattr(disk.sys, "platform", "darwin")
    assert not sync_file_system(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 1)
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        sync_files([path], tmp_path)
