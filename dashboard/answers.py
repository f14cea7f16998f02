"""What the REST interface answers, as types: documentation and the page's types come from them."""

from dataclasses import dataclass, field
from typing import Any

from ..stream.audio import Role
from ..stream.events import Episode, SessionInfo
from ..stream.store import StoredSession
from . import review_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of a search, newest first."""

    sessions: tuple[StoredSession, ...]
    total: int
    """How many there are on all pages."""
    page: int
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSpeech:
    """When a leg spoke; no emotion in it."""

    leg: str
    role: Role
    spans: tuple[tuple[float, float], ...]
    """Stretches of speech as [start, end) in seconds, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One session, live or past."""

    session: StoredSession | None
    """What the index knows; null while a session that just began has no folder."""
    info: SessionInfo
    episodes: tuple[Episode, ...]
    result: dict[str, Any] | None
    """The content of result.json; null while the session runs."""
    speech: tuple[LegSpeech, ...] = ()
    """Of every leg, agents included, as far as it is on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A session has begun."""

    session: str
    info: SessionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An order was carried out."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was deleted, when, by whom and why; never the content."""

    receipt: str
    at: str
    who: str
    reason: str
    session: str
    folder: str
    call_id: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """What people are told before their voice is analysed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something is broken; sessions are counted, not named."""

    code: str
    message: str
    """Of faults of single sessions no more than their number: whoever asks may not be known."""
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the monitor works, and on what."""

    status: str
    """`ok`, `degraded` (some sessions or the disk have a fault) or `fault` (nothing is scored)."""
    loading: bool
    """Whether the engine is still being loaded."""
    model: str
    provider: str
    """What really computes; empty while loading."""
    sessions: int
    faults: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Answer to a viewer's ping on the live socket: the server's clock."""

    v: int = 1
    type: str = "pong"
    t: Any = None
    """As the viewer sent it."""
    server_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """What is wrong, and what to do about it."""

    code: str
    message: str
    way_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    """The one shape of every error."""

    error: ErrorText


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsInForce:
    """The settings that the server runs with, secrets hidden."""

    server: dict[str, Any] = field(default_factory=dict)
    stream: dict[str, Any] = field(default_factory=dict)


ALL: tuple[type, ...] = (
    *review_answers.ALL,
    Found, Kept, Begun, Done, Receipt, NoticeText, Health, Pong, ErrorAnswer, SettingsInForce,
)  # fmt: skip
