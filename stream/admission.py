"""Which sessions run, and whether one more may."""

import threading
from collections.abc import Callable

from .session import Session

RETRY_S = 5.0
"""What somebody who was not admitted is told to wait."""


class AdmissionError(Exception):
    """No further session is admitted now; `retry_s` says when to ask again."""

    def __init__(self, message: str, retry_s: float = RETRY_S) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class Admission:
    """The running sessions by their ids, at most `limit` of them. From any thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._stopping = False

    def admit(self, session: str, make: Callable[[], Session]) -> Session:
        """Make and keep a session of that id. Raises AdmissionError."""
        with self._lock:
            if self._stopping:
                raise AdmissionError("the monitor is stopping; try again in a few seconds")
            if session in self._sessions:
                raise AdmissionError(f"session {session} is running already")
            if len(self._sessions) >= self._limit:
                raise AdmissionError(
                    f"{self._limit} sessions are running, more are not admitted; "
                    f"try again in {RETRY_S:g} s or raise stream.monitor.max_sessions"
                )
            made = self._sessions[session] = make()
            return made

    def forget(self, session: Session) -> None:
        """A session has ended."""
        with self._lock:
            self._sessions.pop(session.id, None)

    def stop(self) -> tuple[Session, ...]:
        """Admit no more; those that still run."""
        with self._lock:
            self._stopping = True
            return tuple(self._sessions.values())

    def get(self, session: str) -> Session | None:
        """A running session by its id."""
        return self._sessions.get(session)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All running sessions, in the order of their beginning."""
        with self._lock:
            return tuple(self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)
