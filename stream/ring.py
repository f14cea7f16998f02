"""The ring between a source and the signal thread: one writer, one reader, nothing shifts.

Positions count samples of the leg at its own rate, from its first, gaps included. `write` and
`skip` belong to the source's thread, `read` to the reader's, the rest to anybody. The
lock is held for a copy, never while anything is computed. A late reader loses the oldest sound and
is told exactly which: written = read + gaps, always.
"""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from ..models.window import Float32
from .audio import Chunk, Gap

LATE = "late reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStatistics:
    """Samples counted since the ring was made."""

    written: int
    """Position behind the newest sample, skipped ones included."""
    read: int
    """Samples handed to the reader as chunks."""
    gaps: int
    """Samples told to the reader as gaps."""
    lost: int
    """Of these, samples that a late reader lost."""
    waiting: int
    """Samples between reader and writer now."""
    peak: int
    """Most that ever waited."""


@dataclass(slots=True)
class _Mark:
    """A stretch written at once: sound, or a gap where `reason` is set."""

    stop: int
    captured_at: float
    reason: str = ""


class Ring:
    """Keeps the newest `capacity` samples of one leg."""

    def __init__(self, leg: str, capacity: int, *, start: int = 0) -> None:
        if capacity < 1:
            raise ValueError(f"leg {leg!r}: a ring needs room for one sample, got {capacity}")
        self._leg, self._capacity = leg, capacity
        self._samples = np.zeros(capacity, dtype=np.float32)
        self._marks: deque[_Mark] = deque()
        self._lock = threading.Lock()
        self._start = self._written = self._cursor = start
        self._read = self._gaps = self._lost = self._peak = 0

    def write(self, samples: Float32, captured_at: float) -> None:
        """Copy samples [N] in; the oldest are overwritten when the reader is late."""
        with self._lock:
            kept = samples[-self._capacity :]
            at = (self._written + len(samples) - len(kept)) % self._capacity
            first = min(len(kept), self._capacity - at)
            self._samples[at : at + first] = kept[:first]
            self._samples[: len(kept) - first] = kept[first:]
            self._advance(len(samples), captured_at)

    def skip(self, length: int, reason: str, captured_at: float) -> None:
        """The source has no samples for the next `length` positions."""
        with self._lock:
            self._advance(length, captured_at, reason)

    def _advance(self, length: int, captured_at: float, reason: str = "") -> None:
        if length:
            self._written += length
            self._marks.append(_Mark(self._written, captured_at, reason))
            self._peak = max(self._peak, self._written - self._cursor)
            # Marks that only a lost stretch needs would pile up behind a reader that never comes.
            while self._marks[0].stop <= self._written - self._capacity and len(self._marks) > 1:
                self._marks.popleft()

    def read(self, limit: int | None = None) -> list[Chunk | Gap]:
        """Everything that waits, in order, at most `limit` positions of it."""
        with self._lock:
            items: list[Chunk | Gap] = []
            stop = self._written if limit is None else min(self._written, self._cursor + limit)
            oldest = self._written - self._capacity
            if self._cursor < oldest:
                until = min(oldest, stop) if limit is not None else oldest
                items.append(self._gap(until, LATE, self._marks[0].captured_at))
                self._lost += items[0].stop - items[0].start
            while self._cursor < stop and self._marks:
                mark = self._marks[0]
                until = min(mark.stop, stop)
                if until > self._cursor:
                    items.append(
                        self._gap(until, mark.reason, mark.captured_at)
                        if mark.reason
                        else self._chunk(until, mark.captured_at)
                    )
                if mark.stop <= until:
                    self._marks.popleft()
            return items

    def _gap(self, until: int, reason: str, captured_at: float) -> Gap:
        gap = Gap(
            leg=self._leg,
            start=self._cursor,
            length=until - self._cursor,
            reason=reason,
            captured_at=captured_at,
        )
        self._gaps += gap.length
        self._cursor = until
        return gap

    def _chunk(self, until: int, captured_at: float) -> Chunk:
        at, length = self._cursor % self._capacity, until - self._cursor
        first = min(length, self._capacity - at)
        samples = np.concatenate([self._samples[at : at + first], self._samples[: length - first]])
        chunk = Chunk(leg=self._leg, start=self._cursor, samples=samples, captured_at=captured_at)
        self._read += length
        self._cursor = until
        return chunk

    @property
    def written(self) -> int:
        """Position behind the newest sample."""
        return self._written

    @property
    def free(self) -> int:
        """Samples that can be written before the oldest waiting one is lost."""
        with self._lock:
            return self._capacity - min(self._capacity, self._written - self._cursor)

    def statistics(self) -> RingStatistics:
        """Counters, at one moment."""
        with self._lock:
            return RingStatistics(
                written=self._written,
                read=self._read,
                gaps=self._gaps,
                lost=self._lost,
                waiting=self._written - self._cursor,
                peak=self._peak,
            )
