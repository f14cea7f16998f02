import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tonewatch.stream.record.audit import AuditError, AuditLog, read_audit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def filled(path: Path, count: int = 4) -> list[dict[str, object]]:
    log = AuditLog(path, lambda: NOON)
    for number in range(count):
        log.append("viewed", who="anna", session=f"s{number}", detail={"page": number})
    return list(read_audit(path))


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    entries = filled(tmp_path / "audit.jsonl")
    assert [entry["session"] for entry in entries] == ["s0", "s1", "s2", "s3"]
    assert entries[0]["at"] == "2026-11-21T12:00:00.000Z"
    assert entries[0]["who"] == "anna"
    assert entries[1]["previous"] == entries[0]["hash"]


def test_a_log_of_another_process_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    AuditLog(path).append("deleted", who="system")
    assert len(list(read_audit(path))) == 5


@pytest.mark.parametrize("change", ["edit", "remove", "swap"])
def test_tampering_is_found_at_its_line(tmp_path: Path, change: str) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path)
    lines = path.read_text().splitlines()
    if change == "edit":
        lines[1] = lines[1].replace("anna", "otto")
    elif change == "remove":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(AuditError, match="line 2 does not fit"):
        list(read_audit(path))


def test_half_a_line_shows_as_a_break_and_the_log_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 2)
    with path.open("ab") as file:
        file.write(b'{"at": "20')
    AuditLog(path).append("viewed", who="anna")
    assert json.loads(path.read_text().splitlines()[-1])["what"] == "viewed"
    with pytest.raises(AuditError, match="line 3 is no audit entry"):
        list(read_audit(path))


def test_threads_do_not_break_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    logs = [AuditLog(path), AuditLog(path)]
    threads = [
        threading.Thread(target=lambda log=log: [log.append("x", who="t") for _ in range(10)])
        for log in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(list(read_audit(path))) == 20


def test_a_detail_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 65536 bytes"):
        AuditLog(tmp_path / "audit.jsonl").append("x", who="t", detail={"a": "b" * 70_000})


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert list(read_audit(tmp_path / "none.jsonl")) == []
