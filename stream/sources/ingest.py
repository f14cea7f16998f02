"""Where Plain PCM senders meet the monitor."""

import threading
from collections.abc import Sequence
from datetime import datetime

from ..admission import AdmissionError
from ..decision.scene.scenes import SceneError
from ..monitor import Monitor
from ..record.files import FolderError
from ..record.folder import SessionFolder
from ..record.repair import Interrupted
from ..session import Session
from ..session_spec import LegSpec, SessionSpec
from .pcm_messages import INTERNAL, MALFORMED, TOO_MANY, Hello, RefusedError, role_of


class MonitorHost:
    """The monitor as `directory.Host`. Used on the event loop; opening a folder again takes some
    milliseconds there.

    `interrupted`: sessions that an earlier process left (record/repair.py); their senders may come
    back.
    """

    def __init__(self, monitor: Monitor, interrupted: Sequence[Interrupted] = ()) -> None:
        self._monitor = monitor
        self._left = {one.info.id: one for one in interrupted if "resume_hash" in one.extra}
        self._lock = threading.Lock()
        self._taken: set[str] = set()

    def give_up(self, session: str) -> bool:
        """Nobody may come back to a session any more; false if its sender is back already."""
        with self._lock:
            self._left.pop(session, None)
            return session not in self._taken

    def open(self, hello: Hello, resume_hash: str) -> Session:
        """Begin a session. Raises RefusedError."""
        browser = hello.meta.get("source") == "browser"
        facts = {
            "resume_hash": resume_hash,
            "rate": hello.rate,
            "pace": hello.pace,
            "meta": dict(hello.meta),
        }
        try:
            return self._monitor.open(
                SessionSpec(
                    source="browser" if browser else "ingest",
                    rate=hello.rate,
                    legs=tuple(LegSpec(name=leg, role=role_of(leg)) for leg in hello.legs),
                    name=hello.name,
                    notice=hello.notice.to_notice() if hello.notice else None,
                    call_id=hello.call_id,
                    context=hello.context,
                    profile=hello.meta.get("profile", ""),
                    started_at=_moment(hello.started_at),
                    pace=hello.pace,
                    resumable=True,
                    extra=facts,
                )
            )
        except SceneError as error:
            raise RefusedError(MALFORMED, str(error)) from None
        except AdmissionError as error:
            raise RefusedError(TOO_MANY, str(error), retry_s=error.retry_s) from None

    def restore(self, session: str, resume_hash: str) -> Session | None:
        """Take up a session that an earlier process left. Raises RefusedError."""
        with self._lock:
            left = self._left.get(session)
            if left is None or left.extra["resume_hash"] != resume_hash:
                return None
            self._taken.add(session)
        try:
            found = self._take_up(left)
        except RefusedError:
            # It may try again, or be too late then.
            with self._lock:
                self._taken.discard(session)
            raise
        with self._lock:
            del self._left[session]
        return found

    def _take_up(self, left: Interrupted) -> Session | None:
        try:
            folder = SessionFolder.resume(left.path)
        except FolderError:
            return None
        except OSError as error:
            raise RefusedError(
                INTERNAL, f"the session's folder cannot be opened: {error}"
            ) from None
        info, extra = folder.info, folder.card.extra
        spec = SessionSpec(
            source=info.source,
            rate=extra["rate"],
            legs=tuple(LegSpec(name=leg.name, role=leg.role) for leg in info.legs),
            name=info.name,
            notice=info.notice,
            pace=info.pace,
            resumable=True,
            extra=extra,
        )
        try:
            return self._monitor.adopt(folder, spec)
        except AdmissionError as error:
            raise RefusedError(TOO_MANY, str(error), retry_s=error.retry_s) from None


def _moment(text: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RefusedError(MALFORMED, f"hello.started_at: {text!r} is not an RFC 3339 time")
    return text
