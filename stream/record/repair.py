"""Closing sessions that were interrupted: a killed server, a crashed machine."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...models.grid import frames_to_seconds
from ..events import SessionInfo
from .card import CARD_NAME, read_card
from .files import FolderError, session_folders, utc_text
from .folder import SessionFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """A session on disk that had not ended."""

    path: Path
    info: SessionInfo
    extra: dict[str, Any]
    """What its source needs to take it up again."""
    age_s: float
    """Seconds since its last sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What the repair did with one folder."""

    path: Path
    session: str
    duration_s: float
    error: str = ""
    """Why it could not be closed; empty if it was."""


def interrupted(
    output: Path, now: Callable[[], float] = time.time, *, running: frozenset[str] = frozenset()
) -> list[Interrupted]:
    """Sessions in `output` that had not ended, except those of ids `running`, oldest first."""
    found: list[Interrupted] = []
    for path in session_folders(output):
        try:
            card = read_card(path)
            age = now() - (path / CARD_NAME).stat().st_mtime
        except (FolderError, OSError):
            # Not begun, or not ours: nothing in it can be taken up or closed.
            continue
        if card.unfinished and card.info.id not in running:
            found.append(Interrupted(path=path, info=card.info, extra=card.extra, age_s=age))
    return found


def repair(
    output: Path,
    resume_for_s: float,
    now: Callable[[], float] = time.time,
    *,
    running: frozenset[str] = frozenset(),
    give_up: Callable[[str], bool] = lambda session: True,
) -> list[Repaired]:
    """Close the interrupted sessions whose sender may no longer come back.

    Younger ones are left: call it again when they are old enough. `give_up(session)` is asked just
    before: false where the sender came back in this moment. One folder that cannot be closed does
    not keep the others from it.
    """
    late = [one for one in interrupted(output, now, running=running) if one.age_s >= resume_for_s]
    return [_closed(one, now) for one in late if give_up(one.info.id)]


def _closed(found: Interrupted, now: Callable[[], float]) -> Repaired:
    try:
        seconds = _end(found.path, datetime.fromtimestamp(now(), UTC))
    except (OSError, FolderError) as error:
        log.warning("%s: cannot be repaired: %s", found.path, error)
        return Repaired(path=found.path, session=found.info.id, duration_s=0.0, error=str(error))
    return Repaired(path=found.path, session=found.info.id, duration_s=seconds)


def _end(path: Path, now: datetime) -> float:
    """Each leg keeps all it has (taking a session up again cuts them to one length)."""
    last = datetime.fromtimestamp((path / CARD_NAME).stat().st_mtime, UTC)
    folder = SessionFolder(path, read_card(path))
    info = replace(folder.info, state="lost", ended_at=utc_text(last))
    for core in folder.card.cores:
        if core.stop_frame is None:
            folder.end_core(core.leg, folder.frames, finished=False)
    for _ in folder.end(info, repaired=utc_text(now)):
        pass
    return frames_to_seconds(folder.frames)
