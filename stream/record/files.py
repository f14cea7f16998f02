"""Small files of a session folder, written whole; names of folders and files."""

import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_LONGEST_NAME = 80
_PREFIX = "outputs_"


class FolderError(Exception):
    """A folder is not a session folder, or its files do not fit; the message names the way out."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader or a crash sees the old content or the new. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON (UTF-8, two spaces) whole. Raises OSError."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    write_whole(path, text.encode() + b"\n")


def safe_name(name: str) -> str:
    """A file name part made of a name in any script: letters, digits, `-`, `_` and `.`.

    Anything else becomes `_`; at most 80 bytes of UTF-8; empty if nothing is left.
    """
    kept = re.sub(r"[^\w.-]+", "_", name).strip("._-")
    return kept.encode()[:_LONGEST_NAME].decode(errors="ignore").strip("._-")


def new_folder(output: Path, name: str, started_at: str) -> Path:
    """Make `outputs_YYYYMMDD_HHMMSS[_name]` (local time) in `output`; never one that exists.

    A second one in the same second gets `_2`, and so on. Raises OSError.
    """
    output.mkdir(parents=True, exist_ok=True)
    stamp = local_time(started_at).strftime("%Y%m%d_%H%M%S")
    stem = "_".join(part for part in (_PREFIX + stamp, safe_name(name)) if part)
    number = 1
    while True:
        path = output / (stem if number == 1 else f"{stem}_{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1


def session_folders(output: Path) -> list[Path]:
    """All session folders in `output`, oldest name first; none if it does not exist."""
    if not output.is_dir():
        return []
    found = (path for path in output.iterdir() if path.name.startswith(_PREFIX))
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())


def local_time(utc: str) -> datetime:
    """Local time of an RFC 3339 moment."""
    return parse_time(utc).astimezone()


def parse_time(utc: str) -> datetime:
    """An RFC 3339 moment; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(utc)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def utc_text(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
