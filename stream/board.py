"""The newest state of everything, for viewers who come late: a snapshot at any moment.

A board is the bus's first subscriber and reads its mailbox in the publisher's thread, so it is
never behind: who subscribes and then takes a snapshot misses nothing.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..models.labels import LABELS
from .bus import Bus, Missed, joined_points
from .events import (
    Activity,
    EngineStatus,
    Episode,
    EpisodeChanged,
    Event,
    Fault,
    GapNoted,
    LegSnapshot,
    Mark,
    Points,
    Readings,
    SessionChanged,
    SessionDeleted,
    SessionInfo,
    SessionSnapshot,
    Snapshot,
)
from .session import ERASED

HISTORY_FRAMES = 120 * 50
"""Frames of curve and speech that a snapshot holds: two minutes."""
TRIM_FRAMES = 10 * 50
"""History is cut this much at a time."""
KEEP_ENDED = 12
"""Sessions that have ended and are still shown."""
KEEP_NOTES = 200
"""Most episodes, gaps and marks of one session."""
MAILBOX = 100_000


@dataclass(slots=True, kw_only=True)
class _Leg:
    chunks: list[Points] = field(default_factory=list)
    """Settled points in the pieces in which they came; joined when a snapshot is taken."""
    provisional: Points = field(default_factory=lambda: Points(start=0, step=1))
    activity: Activity | None = None
    speech: list[tuple[int, int]] = field(default_factory=list)
    confusion: float | None = None
    warming_up: bool = True


@dataclass(slots=True, kw_only=True)
class _Shown:
    info: SessionInfo
    legs: dict[str, _Leg]
    episodes: OrderedDict[str, Episode] = field(default_factory=OrderedDict)
    gaps: list[GapNoted] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


class Board:
    """Follows a bus. Make it before anything is published; methods from any thread."""

    def __init__(self, bus: Bus, *, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, _Shown] = OrderedDict()
        self._engine: EngineStatus | None = None
        self._faults: dict[tuple[str, str], Fault] = {}
        self._mailbox = bus.subscribe("board", MAILBOX, "report")
        self._mailbox.on_ready(self._drain)

    def snapshot(self) -> Snapshot:
        """Everything that a viewer needs, as of now."""
        with self._lock:
            return Snapshot(
                sessions=tuple(_session(shown) for shown in self._sessions.values()),
                engine=self._engine,
                faults=tuple(self._faults.values()),
                server_time_ns=self._wall_ns(),
                labels=LABELS,
            )

    def faults(self) -> tuple[Fault, ...]:
        """What is broken now."""
        with self._lock:
            return tuple(self._faults.values())

    def close(self) -> None:
        """Stop following."""
        self._mailbox.close()

    def _drain(self) -> None:
        # Held over take and apply: two publishers' events are applied in the order of the mailbox.
        with self._lock:
            for mail in self._mailbox.take():
                if not isinstance(mail, Missed):
                    self._apply(mail)

    def _apply(self, event: Event) -> None:
        if isinstance(event, EngineStatus):
            self._engine = event
        elif isinstance(event, Fault):
            self._put_fault(event)
        elif isinstance(event, SessionChanged):
            self._put_session(event.session)
        elif isinstance(event, SessionDeleted):
            self._sessions.pop(event.session, None)
        elif (shown := self._sessions.get(event.session)) is not None:
            _note(shown, event)

    def _put_fault(self, fault: Fault) -> None:
        self._faults.pop((fault.code, fault.session), None)
        if fault.active:
            self._faults[fault.code, fault.session] = fault

    def _put_session(self, info: SessionInfo) -> None:
        shown = self._sessions.get(info.id)
        if shown is None:
            legs = {leg.name: _Leg() for leg in info.legs}
            self._sessions[info.id] = _Shown(info=info, legs=legs)
        else:
            shown.info = info
        if info.state in ("ended", "lost"):
            for key in [key for key in self._faults if key[1] == info.id]:
                del self._faults[key]
            self._sessions.move_to_end(info.id)
            ended = [one for one, of in self._sessions.items() if of.info.ended_at]
            for one in ended[:-KEEP_ENDED]:
                del self._sessions[one]


def _note(shown: _Shown, event: Readings | Activity | EpisodeChanged | GapNoted | Mark) -> None:
    if isinstance(event, Readings):
        _read(shown.legs[event.leg], event)
    elif isinstance(event, Activity):
        _meter(shown.legs[event.leg], event)
    elif isinstance(event, EpisodeChanged):
        shown.episodes[event.episode.id] = event.episode
        while len(shown.episodes) > KEEP_NOTES:
            shown.episodes.popitem(last=False)
    elif isinstance(event, GapNoted):
        shown.gaps = [*shown.gaps, event][-KEEP_NOTES:]
    else:
        shown.marks = [*shown.marks, event][-KEEP_NOTES:]
        if event.name == ERASED:
            shown.episodes.clear()
            for leg in shown.legs.values():
                leg.chunks, leg.confusion = [], None
                leg.provisional = Points(start=0, step=1)


def _read(leg: _Leg, event: Readings) -> None:
    if event.settled.scores:
        # A piece that does not follow (scoring began anew) starts the history again.
        if leg.chunks and joined_points(leg.chunks[-1], event.settled) is None:
            leg.chunks = []
        leg.chunks.append(event.settled)
        oldest = _stop(event.settled) - HISTORY_FRAMES
        if _stop(leg.chunks[0]) < oldest - TRIM_FRAMES:
            leg.chunks = [piece for piece in leg.chunks if _stop(piece) > oldest]
    leg.provisional = event.provisional
    leg.confusion, leg.warming_up = event.confusion, event.warming_up


def _meter(leg: _Leg, event: Activity) -> None:
    leg.activity = event
    for start, stop in event.speech:
        if leg.speech and leg.speech[-1][1] == start:
            start = leg.speech.pop()[0]
        leg.speech.append((start, stop))
    oldest = event.stop_frame - HISTORY_FRAMES
    if leg.speech and leg.speech[0][1] < oldest - TRIM_FRAMES:
        leg.speech = [span for span in leg.speech if span[1] > oldest]


def _stop(points: Points) -> int:
    return points.start + points.step * len(points.scores)


def _session(shown: _Shown) -> SessionSnapshot:
    return SessionSnapshot(
        info=shown.info,
        legs=tuple(_leg(name, leg) for name, leg in shown.legs.items()),
        episodes=tuple(shown.episodes.values()),
        gaps=tuple(shown.gaps),
        marks=tuple(shown.marks),
    )


def _leg(name: str, leg: _Leg) -> LegSnapshot:
    return LegSnapshot(
        leg=name,
        history=_history(leg.chunks),
        provisional=leg.provisional,
        activity=leg.activity,
        speech=tuple(leg.speech),
        confusion=leg.confusion,
        warming_up=leg.warming_up,
    )


def _history(pieces: list[Points]) -> Points:
    if not pieces:
        return Points(start=0, step=1)
    return replace(
        pieces[0],
        scores=tuple(row for piece in pieces for row in piece.scores),
        fear=tuple(value for piece in pieces for value in piece.fear),
        disgust=tuple(value for piece in pieces for value in piece.disgust),
        emotion=tuple(value for piece in pieces for value in piece.emotion),
        confidence=tuple(value for piece in pieces for value in piece.confidence),
    )
