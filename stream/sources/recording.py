"""Recordings as sessions: a thread that feeds a file, as fast as time or as fast as possible."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ..events import Fault, SourceKind
from ..monitor import Monitor
from ..session import Session
from ..session_spec import LegSpec, SessionSpec
from .pcm_messages import role_of
from .reading import Recording, RecordingError, leg_names, open_recording

BLOCK_S = 0.02
"""Sound in one write at real-time pace."""
FAST_BLOCK_S = 1.0
WAIT_S = 0.5
"""Longest wait for room before the session is looked at again."""

log = logging.getLogger(__name__)


def play(
    monitor: Monitor,
    path: Path,
    *,
    legs: Sequence[str] | None = None,
    name: str = "",
    pace: Literal["live", "file"] = "live",
    source: SourceKind = "recording",
    context: str = "",
    profile: str = "",
    remove: bool = False,
    now: Callable[[], float] = time.monotonic,
) -> Session:
    """Play a recording into a session of its own.

    `legs` names the channels (reading.leg_names); `pace`: `live` is as fast as time, `file` as fast
    as the engine. With `remove` the file is deleted afterwards. Raises RecordingError,
    AdmissionError; ValueError for leg names and profiles that cannot be.
    """
    try:
        recording = open_recording(path)
        session = monitor.open(
            SessionSpec(
                source=source,
                rate=recording.rate,
                legs=tuple(
                    LegSpec(name=leg, role=role_of(leg)) for leg in leg_names(recording, legs)
                ),
                name=name or path.stem,
                context=context,
                profile=profile,
                pace=pace,
            )
        )
    except BaseException:
        if remove:
            path.unlink(missing_ok=True)
        raise

    def run() -> None:
        try:
            _feed(monitor, session, recording, now)
        finally:
            if remove:
                with suppress(OSError):
                    path.unlink()

    monitor.attach(threading.Thread(target=run, name=f"feeder {session.id}", daemon=True))
    return session


def _feed(
    monitor: Monitor, session: Session, recording: Recording, now: Callable[[], float]
) -> None:
    try:
        if session.pace == "file":
            _feed_fast(session, recording)
        else:
            _feed_in_time(session, recording, now)
    except RecordingError as error:
        message = str(error).replace(str(recording.path), session.info.name)
        log.warning("session %s: %s", session.id, error)
        monitor.tell(
            Fault(
                code="source",
                message=message,
                way_out="what came before is kept; play a whole recording",
                session=session.id,
            )
        )
        session.end("lost", message)
    except Exception as error:
        log.exception("session %s", session.id)
        session.end("lost", f"the recording cannot be played: {error}")
    else:
        session.end()


def _feed_fast(session: Session, recording: Recording) -> None:
    for block in recording.blocks(FAST_BLOCK_S):
        while not session.wait_free(len(block), WAIT_S):
            if session.ended:
                return
        if not session.write(block):
            return


def _feed_in_time(session: Session, recording: Recording, now: Callable[[], float]) -> None:
    begun, position = now(), 0
    for block in recording.blocks(BLOCK_S):
        position += len(block)
        # A block has been captured when its last sample was spoken.
        rest = begun + position / recording.rate - now()
        if (rest > 0 and session.wait_ended(rest)) or not session.write(block):
            return
