"""What the recorder is told: one small type for each thing that happens to a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..events import Event, SessionInfo
from ..listener.heard import Heard
from ..pipeline import LegUpdate
from .folder import SessionFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A session begins; the recorder makes its folder."""

    info: SessionInfo
    settings: Mapping[str, Any]
    """What was in force, as JSON values (in_force.py)."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the source needs to take the session up again after a crash."""

    @property
    def session(self) -> str:
        """Id of the session."""
        return self.info.id


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adopt:
    """An interrupted session goes on, in a folder that `SessionFolder.resume` opened."""

    folder: SessionFolder

    @property
    def session(self) -> str:
        """Id of the session."""
        return self.folder.info.id


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audio:
    """Whole frames of a leg, as heard. A paused session's are gaps."""

    session: str
    leg: str
    """Name of the leg in the session (not its key)."""
    heard: Heard


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """What an answer, a rest or the end settled on a scored leg; its feature vectors if kept."""

    session: str
    leg: str
    update: LegUpdate
    poor: bool = False
    """Whether the audio was too poor to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Answers that reached the track, in that order; a replay reads just these windows."""

    session: str
    leg: str
    spans: tuple[tuple[int, int, int], ...]
    """`Frames.start_frame`, `Frames.stop_frame`, and how far the
    audio was doubted (trust.doubt)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreBegan:
    """A leg's core begins, or goes on after a break, at `start_frame`."""

    session: str
    leg: str
    start_frame: int
    phase_frames: int
    fresh: bool = True
    """A new core; false: the same one after `LegCore.restart`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreEnded:
    """A leg's core ends before its session does: scoring was stopped."""

    session: str
    leg: str
    stop_frame: int
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Something to keep in events.jsonl."""

    session: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The session was renamed, paused, ..."""

    info: SessionInfo

    @property
    def session(self) -> str:
        """Id of the session."""
        return self.info.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The session has ended; the folder is finished."""

    info: SessionInfo
    """As at the end, state `ended` or `lost`."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What only the live session knew (superseded windows, latency, ...), for result.json."""

    @property
    def session(self) -> str:
        """Id of the session."""
        return self.info.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Forget the session without finishing its folder (it is being deleted)."""

    session: str


Bulk = Audio | Settled | Answered
"""Items that come many times a second: these are refused when the recorder is too far behind."""
Control = Open | Adopt | CoreBegan | CoreEnded | Logged | Changed | Close | Discard
"""Rare items: always taken, in order."""
Item = Bulk | Control


class Recording(Protocol):
    """What the monitor needs of a recorder (recorder.py is one)."""

    def submit(self, item: Item) -> bool:
        """Take an item without blocking; false where it was lost."""

    def durable(self, session: str) -> int:
        """20 ms frames on disk."""

    def folder(self, session: str) -> Path | None:
        """A session's folder, once it is made."""
