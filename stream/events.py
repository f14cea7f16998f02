"""What the product tells: one tagged union for the page, the disk, the metrics and others.

Every event is a frozen dataclass of plain numbers and words (arrays stop at the track). Pydantic's
TypeAdapter reads them as they are: this module alone makes JSON, the JSON Schema and, from it, the
page's TypeScript types. Frames count the leg's 20 ms grid; `*_ns` are UTC nanoseconds.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ..models.labels import Label
from .audio import Role
from .findings import Episode as Episode
from .findings import EpisodeKind as EpisodeKind
from .findings import EpisodeState as EpisodeState
from .findings import Focus as Focus
from .findings import Scene as Scene
from .findings import TieBreak as TieBreak

SCHEMA_VERSION = 1

SessionState = Literal["live", "paused", "ended", "lost"]
SourceKind = Literal["microphone", "recording", "browser", "ingest", "demo"]
NoticeMethod = Literal["announced", "keypress", "spoken", "written", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How the people heard were told that their voice is analysed."""

    method: NoticeMethod
    text: str = ""
    language: str = ""
    version: str = ""
    at: str = ""
    set_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegInfo:
    """One voice of a session."""

    name: str
    role: Role
    scored: bool
    reason: str = ""
    """Why it is not scored, in words; or a remark (one microphone counts as one customer)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """A call, as everybody may see it."""

    id: str
    name: str
    state: SessionState
    source: SourceKind
    started_at: str
    """UTC, RFC 3339."""
    legs: tuple[LegInfo, ...]
    scoring: bool
    scoring_reason: str = ""
    """Why nothing is scored, in words; empty while scoring."""
    notice: Notice | None = None
    folder: str = ""
    """Name of the session folder inside the output folder."""
    call_id: str = ""
    context: str = ""
    scene: Scene | None = None
    """What `context` and a profile call for, as it was applied; null where that is nothing."""
    pace: Literal["live", "file"] = "live"
    ended_at: str = ""
    hop_ms: int = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Readings of one leg at a fixed step, as columns; `scores` holds null where nobody spoke."""

    start: int
    """Frame of the first point."""
    step: int
    """Frames between points."""
    scores: tuple[tuple[float, ...] | None, ...] = ()
    """For each point the nine probabilities in the order of LABELS, or null."""
    fear: tuple[float | None, ...] = ()
    """Independent fear score (disgust left out), 0 to 100 points."""
    disgust: tuple[float | None, ...] = ()
    emotion: tuple[Label | None, ...] = ()
    confidence: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """New points of a scored leg: settled ones, and the provisional end (replaced each time)."""

    type: Literal["readings"] = "readings"
    session: str
    leg: str
    settled: Points
    provisional: Points
    confusion: float | None
    """|fear - disgust| in points, null under the floors."""
    warming_up: bool
    captured_at_ns: int
    emitted_at_ns: int
    latency_ms: float
    """From the capture of the newest sample to this event, resampler's lag included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Meters of any leg, agents included; no emotion in it."""

    type: Literal["activity"] = "activity"
    session: str
    leg: str
    stop_frame: int
    """Frames heard so far."""
    speech: tuple[tuple[int, int], ...]
    """New stretches of speech, as [start, stop) frames."""
    speaking: bool
    talk_s: float
    silence_s: float
    overlap_s: float
    level_dbfs: float
    peak_dbfs: float
    clipped: float
    """Share of clipped samples, 0 to 1."""
    bandwidth_hz: float
    snr_db: float
    poor: str = ""
    """Why the line is poor, in words; empty when it is not."""
    trust: int = 100
    """Percent that the line's quality leaves of a confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeChanged:
    """An episode opened, moved or closed."""

    type: Literal["episode"] = "episode"
    session: str
    episode: Episode
    captured_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChanged:
    """A session began, was renamed, paused, stopped scoring or ended; carries all of it."""

    type: Literal["session"] = "session"
    session: SessionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDeleted:
    """A session's folder was deleted."""

    type: Literal["deleted"] = "deleted"
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapNoted:
    """Sound that was never had, on the 16 kHz grid."""

    type: Literal["gap"] = "gap"
    session: str
    leg: str
    start: int
    """16 kHz sample."""
    length: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A note on the time line: `restart`, `scoring stopped`, `scoring started`, a sender's own."""

    type: Literal["mark"] = "mark"
    session: str
    name: str
    at: int
    """16 kHz sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something is broken, or works again (`active` false)."""

    type: Literal["fault"] = "fault"
    code: str
    """`engine`, `disk`, `source`, `recorder`, ..."""
    message: str
    way_out: str
    active: bool = True
    session: str = ""
    """Empty: the whole monitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """The engine and the queues, once a second."""

    type: Literal["engine"] = "engine"
    model: str
    version: str
    provider: str
    precision: str
    loading: bool
    licence: str
    licence_notice: str
    commercial_use: bool
    hop_ms: int
    windows: int
    superseded: int
    dropped: int
    """Readings replaced before a slow viewer took them, and recorder losses."""
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    sessions: int
    max_sessions: int
    way_up: str = ""
    """The one line that gets a better model; empty when there is none."""
    decision_off: Literal["", "settings", "model"] = ""
    """Why fear is not decided against disgust: switched off, or a label the model lacks."""
    score_agent: str = ""
    """Banner text while agents are scored; empty otherwise."""


Event = Annotated[
    Readings
    | Activity
    | EpisodeChanged
    | SessionChanged
    | SessionDeleted
    | GapNoted
    | Mark
    | Fault
    | EngineStatus,
    Field(discriminator="type"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSnapshot:
    """The newest state of one leg, for a viewer who comes late."""

    leg: str
    history: Points
    """Settled points of the last minutes."""
    provisional: Points
    activity: Activity | None
    speech: tuple[tuple[int, int], ...]
    confusion: float | None = None
    warming_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSnapshot:
    """The newest state of one session."""

    info: SessionInfo
    legs: tuple[LegSnapshot, ...]
    episodes: tuple[Episode, ...]
    gaps: tuple[GapNoted, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a viewer needs at once: the first message of a live socket."""

    type: Literal["snapshot"] = "snapshot"
    sessions: tuple[SessionSnapshot, ...]
    engine: EngineStatus | None
    faults: tuple[Fault, ...] = ()
    server_time_ns: int = 0
    labels: tuple[Label, ...] = field(default=())


EVENT: TypeAdapter[Event] = TypeAdapter(Event)
SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)


def event_json(event: Event) -> bytes:
    """One event as JSON."""
    return EVENT.dump_json(event)


def snapshot_json(snapshot: Snapshot) -> bytes:
    """A snapshot as JSON."""
    return SNAPSHOT.dump_json(snapshot)


class _AsSent(GenerateJsonSchema):
    """What is sent always carries every field, so every field is required (the tag above all)."""

    def field_is_required(self, *_: Any, **__: Any) -> bool:
        return True


def json_schema(*more: type) -> dict[str, Any]:
    """JSON Schema of everything on the live socket; the page's types are made from it.

    `more`: further types to describe under `$defs`, such as answers of the REST interface.
    """
    adapters: list[tuple[str, Any]] = [("Wire", TypeAdapter(Event | Snapshot))]
    adapters += [(one.__name__, TypeAdapter(one)) for one in more]
    roots, described = TypeAdapter.json_schemas(
        [(name, "serialization", adapter) for name, adapter in adapters],
        schema_generator=_AsSent,
    )
    return {**described, **roots["Wire", "serialization"]}
