import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.record.files import (
    local_time,
    new_folder,
    parse_time,
    safe_name,
    session_folders,
    utc_text,
    write_json,
)

START = "2026-11-21T05:00:00Z"


def test_a_folder_is_named_after_local_time_and_name(tmp_path: Path) -> None:
    path = new_folder(tmp_path / "outputs", "user001_call01", START)
    stamp = local_time(START).strftime("%Y%m%d_%H%M%S")
    assert path.name == f"outputs_{stamp}_user001_call01"
    assert path.is_dir()


def test_sessions_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    paths = [new_folder(tmp_path, "", START) for _ in range(3)]
    assert len(set(paths)) == 3
    assert [path.name[-2:] for path in paths[1:]] == ["_2", "_3"]
    assert session_folders(tmp_path) == sorted(paths)


@given(st.text(max_size=200))
def test_a_safe_name_stays_inside_its_folder_and_fits(name: str) -> None:
    safe = safe_name(name)
    assert len(safe.encode()) <= 80
    assert not set(safe) & set('/\\:*?"<>|\0\n')
    assert safe not in (".", "..")
    assert not safe.startswith(".")


def test_names_in_other_scripts_are_kept() -> None:
    assert safe_name("客户 王/../etc") == "客户_王_.._etc"


def test_a_file_is_old_or_new_never_half(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_session_folders_are_only_those(tmp_path: Path) -> None:
    (tmp_path / "receipts").mkdir()
    (tmp_path / "outputs_file").touch()
    assert session_folders(tmp_path) == []
    assert session_folders(tmp_path / "none") == []


def test_moments_are_read_and_written_as_utc() -> None:
    moment = datetime(2026, 11, 21, 5, 0, 0, 250_000, UTC)
    assert utc_text(moment) == "2026-11-21T05:00:00.250Z"
    assert parse_time(utc_text(moment)) == moment
    assert parse_time("2026-11-21T05:00:00") == moment.replace(microsecond=0)
