"""What a source says of a session that it wants to open."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .audio import Role
from .events import Notice, Scene, SessionInfo, SourceKind
from .law import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSpec:
    """One channel of a source."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpec:
    """What a source says of a session that it wants to open."""

    source: SourceKind
    rate: int
    """Samples per second, 8000 to 384000."""
    legs: tuple[LegSpec, ...]
    """One for each channel, in the order of the channels."""
    name: str = ""
    notice: Notice | None = None
    call_id: str = ""
    context: str = ""
    """What is known of the call, in words (decision/scene)."""
    profile: str = ""
    """Scene profile; empty: that of the settings."""
    started_at: str = ""
    """RFC 3339; default: now."""
    pace: Literal["live", "file"] = "live"
    lost_after_s: float | None = None
    """Seconds without samples after which the session ends as `lost`; None: the source sees to
    it."""
    resumable: bool = False
    """Whether the source comes back to it after the monitor was stopped and started anew."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the source needs to take the session up again."""

    def __post_init__(self) -> None:
        names = [leg.name for leg in self.legs]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"a session needs legs with different names, got {names}")
        if any(not name or "/" in name for name in names):
            raise ValueError(f"leg names must not be empty and hold no slash, got {names}")
        if not 8000 <= self.rate <= 384_000:
            raise ValueError(f"rate {self.rate} Hz: 8000 to 384000 are supported")


def first_info(
    spec: SessionSpec,
    ruling: Ruling,
    *,
    started_at: str,
    hop_ms: int,
    scene: Scene | None = None,
) -> SessionInfo:
    """A new session's state, under an id of its own."""
    return SessionInfo(
        id=secrets.token_hex(6),
        name=spec.name,
        state="live",
        source=spec.source,
        started_at=started_at,
        legs=ruling.legs,
        scoring=ruling.scoring,
        scoring_reason=ruling.reason,
        notice=ruling.notice,
        call_id=spec.call_id,
        context=spec.context,
        scene=scene,
        pace=spec.pace,
        hop_ms=hop_ms,
    )
