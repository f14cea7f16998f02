"""audit.jsonl: who did what and when, append-only, each line sealed to the one before.

A line's `hash` is SHA-256 of the line before's hash and this line's own content, so a line that is
changed, taken out or put in breaks the chain from there on. It shows tampering; it cannot prevent
that somebody with write access makes the whole file anew.
"""

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from .files import utc_text

AUDIT_NAME = "audit.jsonl"
_START = "0" * 64
_LONGEST_LINE = 1 << 16


class AuditError(Exception):
    """The audit log does not hold together; the message names the first line that does not fit."""


class AuditLog:
    """Appends to one audit log, from any thread (on POSIX from several processes too)."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()

    def append(
        self, what: str, *, who: str, session: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Add a line and bring it to the disk. `who`: `system` where no person acted.

        Raises OSError; ValueError if the detail is too long.
        """
        with self._lock, _locked(self.path) as file:
            entry = {
                "at": utc_text(self._now()),
                "what": what,
                "who": who,
                "session": session,
                "detail": dict(detail or {}),
                "previous": _last_hash(file),
            }
            line = json.dumps({**entry, "hash": _seal(entry)}, ensure_ascii=False).encode() + b"\n"
            if len(line) > _LONGEST_LINE:
                raise ValueError(f"audit: {what}: more than {_LONGEST_LINE} bytes")
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def read_audit(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of an audit log, oldest first, each checked. Raises AuditError, OSError."""
    if not path.exists():
        return
    previous = _START
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                entry: dict[str, Any] = json.loads(line)
                told = entry.pop("hash")
            except (ValueError, KeyError, AttributeError):
                raise AuditError(f"{path}: line {number} is no audit entry") from None
            if entry.get("previous") != previous or _seal(entry) != told:
                raise AuditError(f"{path}: line {number} does not fit the one before it")
            previous = told
            yield {**entry, "hash": told}


def _seal(entry: Mapping[str, Any]) -> str:
    content = json.dumps(entry, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _last_hash(file: IO[bytes]) -> str:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _LONGEST_LINE))
    lines = file.read().splitlines()
    file.seek(0, os.SEEK_END)
    if not lines:
        return _START
    try:
        return str(json.loads(lines[-1])["hash"])
    except (ValueError, KeyError, TypeError):
        # Half a line of a killed process: the chain goes on from a break that checking shows.
        file.write(b"\n")
        return _START


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
