"""What the recorder is told: one small type for each thing that happens to a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.window import Float32
from ..events import Event, SessionInfo
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
    """Whole frames of a leg, as heard. Never given while a session is paused."""

    session: str
    leg: str
    start_frame: int
    samples: Float32
    """Shape [n * 320], 16 kHz, in int16 steps of 1/32768; zeros in gaps."""
    speech: npt.NDArray[np.bool_]
    """Shape [n]."""
    gap: npt.NDArray[np.bool_]
    """Shape [n]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """Settled frames of a scored leg."""

    session: str
    leg: str
    start_frame: int
    rows: npt.NDArray[Any]
    """Shape [n], of formats.FRAME."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Windows whose frames reached the track, in that order; a replay reads just these."""

    session: str
    leg: str
    spans: tuple[tuple[int, int], ...]
    """First frame and first frame behind, by the window's samples."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """Feature vectors, only if embeddings are kept; later ones replace earlier ones."""

    session: str
    leg: str
    start_frame: int
    features: Float32
    """Shape [n, D]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreBegan:
    """A leg's core begins: at the start, after a restart, when scoring goes on."""

    session: str
    leg: str
    start_frame: int
    phase_frames: int


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


Bulk = Audio | Settled | Answered | Embedded
"""Items that come many times a second: these are refused when the recorder is too far behind."""
Control = Open | Adopt | CoreBegan | CoreEnded | Logged | Changed | Close | Discard
"""Rare items: always taken, in order."""
Item = Bulk | Control
