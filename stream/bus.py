"""Events from any thread to everybody who subscribed, each behind a bounded mailbox of its own.

Rules of this file: `publish` never blocks and never raises; a slow taker costs nobody but itself;
what a full mailbox does is its policy, and every loss is counted and told.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal

from .events import Activity, EngineStatus, Event, Points, Readings

Policy = Literal["newest", "drop", "report"]
"""What a mailbox does when it is full.

`newest` (viewers): readings, meters and engine status of the same leg are merged into the one that
waits, so the settled points and speech stretches stay whole; when even that is too much, all that
waits is dropped and one `Missed` stands in its place: the viewer takes a snapshot.
`drop` (metrics): the new event is dropped and counted.
`report` (recorder): the new event is dropped, and a `Missed` stands where it would have been.
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Stands in a mailbox where events were lost."""

    count: int
    """Events lost at this place."""


Mail = Event | Missed


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxStatistics:
    """A mailbox's counts since it was opened."""

    name: str
    size: int
    waiting: int
    peak: int
    """Most events that ever waited."""
    taken: int
    merged: int
    """Readings and meters joined with the one that waited: newer state, nothing lost."""
    lost: int
    """Events that the taker never saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusStatistics:
    """The bus's counts."""

    published: int
    mailboxes: tuple[MailboxStatistics, ...]


class Mailbox:
    """One subscriber's waiting events. Made by `Bus.subscribe`; every method from any thread."""

    def __init__(
        self,
        name: str,
        size: int,
        policy: Policy,
        *,
        merge_points: int,
        but: tuple[type, ...],
        on_close: Callable[["Mailbox"], None],
    ) -> None:
        if size < 1:
            raise ValueError(f"mailbox {name!r}: size must be at least 1, got {size}")
        self.name = name
        self._size = size
        self._policy = policy
        self._merge_points = merge_points
        self._but = but
        self._on_close = on_close
        self._ready: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._items: list[Mail] = []
        self._mergeable: dict[tuple[str, ...], int] = {}
        self._closed = False
        self._peak = self._taken = self._merged = self._lost = 0

    def put(self, event: Event) -> None:
        """Add an event; when full, do what the policy says. Called by the bus."""
        if isinstance(event, self._but):
            return
        with self._changed:
            if self._closed:
                return
            was_empty = not self._items
            self._add(event)
            self._peak = max(self._peak, len(self._items))
            if not was_empty:
                return
            self._changed.notify_all()
            ready = self._ready
        if ready is not None:
            ready()

    def take(self, timeout: float | None = 0.0) -> list[Mail]:
        """Everything that waits, oldest first; empty after `timeout` seconds or when closed.

        None waits without end. A `Missed` among them: what came before it is incomplete.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items) or self._closed, timeout)
            items, self._items = self._items, []
            self._mergeable.clear()
            self._taken += len(items)
            return items

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Call `callback` from the publisher's thread whenever an empty mailbox gets an event.

        It must be short and must not raise (one that does loses its mailbox): wake a loop with
        `call_soon_threadsafe`, then `take` there. Called at once if something waits already.
        """
        with self._changed:
            self._ready = callback
            waiting = bool(self._items)
        if waiting:
            callback()

    def close(self) -> None:
        """Unsubscribe; wakes whoever waits in `take`. What waited can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._on_close(self)

    @property
    def closed(self) -> bool:
        """Whether no further events will come."""
        return self._closed

    def statistics(self) -> MailboxStatistics:
        """Counts so far."""
        with self._changed:
            return MailboxStatistics(
                name=self.name,
                size=self._size,
                waiting=len(self._items),
                peak=self._peak,
                taken=self._taken,
                merged=self._merged,
                lost=self._lost,
            )

    def __enter__(self) -> "Mailbox":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _add(self, event: Event) -> None:
        key = _merge_key(event) if self._policy == "newest" else None
        if key is not None and (place := self._mergeable.get(key)) is not None:
            joined = _merge(self._items[place], event)
            if joined is not None:
                self._items[place] = joined
                self._merged += 1
                if _weight(joined) > self._merge_points:
                    self._forget_all()
                return
        if len(self._items) < self._size:
            if key is not None:
                self._mergeable[key] = len(self._items)
            self._items.append(event)
        elif self._policy == "newest":
            self._items.append(event)
            self._forget_all()
        else:
            self._lost += 1
            if self._policy == "report":
                self._note_missed()

    def _forget_all(self) -> None:
        count = sum(item.count if isinstance(item, Missed) else 1 for item in self._items)
        self._lost += sum(not isinstance(item, Missed) for item in self._items)
        self._items = [Missed(count=count)]
        self._mergeable.clear()

    def _note_missed(self) -> None:
        last = self._items[-1]
        if isinstance(last, Missed):
            self._items[-1] = Missed(count=last.count + 1)
        else:
            self._items.append(Missed(count=1))


class Bus:
    """Hands every event to every mailbox. Publishers of one thread keep their order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Replaced, never changed: publish reads it without the lock.
        self._mailboxes: tuple[Mailbox, ...] = ()
        self._published = 0

    def publish(self, event: Event) -> None:
        """Put an event into every mailbox; from any thread, never blocks, never raises."""
        self._published += 1
        for mailbox in self._mailboxes:
            try:
                mailbox.put(event)
            except Exception:
                log.exception("mailbox %r closed: its callback failed", mailbox.name)
                mailbox.close()

    def subscribe(
        self,
        name: str,
        size: int,
        policy: Policy,
        *,
        merge_points: int = 750,
        but: tuple[type, ...] = (),
    ) -> Mailbox:
        """Open a mailbox for at most `size` events; close it to unsubscribe.

        `merge_points` bounds how many points or speech stretches one merged event may hold under
        the policy `newest` (750 points are a minute at the default stride). Events of the types
        `but` are left out: a thread need not wake for what it would throw away.
        """
        mailbox = Mailbox(
            name, size, policy, merge_points=merge_points, but=but, on_close=self._remove
        )
        with self._lock:
            self._mailboxes = (*self._mailboxes, mailbox)
        return mailbox

    def statistics(self) -> BusStatistics:
        """Counts so far (`published` may miss a few under concurrent publishers)."""
        return BusStatistics(
            published=self._published,
            mailboxes=tuple(mailbox.statistics() for mailbox in self._mailboxes),
        )

    def _remove(self, mailbox: Mailbox) -> None:
        with self._lock:
            self._mailboxes = tuple(other for other in self._mailboxes if other is not mailbox)


def _merge_key(event: Event) -> tuple[str, ...] | None:
    """Events with the same key may be joined; None for those that are never replaced."""
    if isinstance(event, Readings | Activity):
        return event.type, event.session, event.leg
    return (event.type,) if isinstance(event, EngineStatus) else None


def _merge(waiting: Mail, event: Event) -> Event | None:
    """The newer event with what only the waiting one told; None if the two do not join."""
    if isinstance(waiting, Readings) and isinstance(event, Readings):
        settled = joined_points(waiting.settled, event.settled)
        return None if settled is None else replace(event, settled=settled)
    if isinstance(waiting, Activity) and isinstance(event, Activity):
        return replace(event, speech=_joined_stretches(waiting.speech, event.speech))
    return event


def joined_points(first: Points, second: Points) -> Points | None:
    """Two consecutive runs of points as one; None if they do not touch or differ in step."""
    if not first.scores:
        return second
    if not second.scores:
        return first
    if first.step != second.step or first.start + first.step * len(first.scores) != second.start:
        return None
    return Points(
        start=first.start,
        step=first.step,
        scores=first.scores + second.scores,
        fear=first.fear + second.fear,
        disgust=first.disgust + second.disgust,
        emotion=first.emotion + second.emotion,
        confidence=first.confidence + second.confidence,
    )


def _joined_stretches(
    first: tuple[tuple[int, int], ...], second: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    if first and second and first[-1][1] == second[0][0]:
        return (*first[:-1], (first[-1][0], second[0][1]), *second[1:])
    return first + second


def _weight(event: Event) -> int:
    if isinstance(event, Readings):
        return len(event.settled.scores)
    return len(event.speech) if isinstance(event, Activity) else 1
