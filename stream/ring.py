"""The ring between a source and the signal thread: one writer, one reader, nothing shifts.

Positions count samples of the leg at its own rate, from its first, gaps included. `write` and
`skip` belong to the source's thread, `read` to the reader's, the rest to anybody. The lock is held
for a copy, never while anything is computed. A late reader loses the oldest sound and is told
exactly which: written = read + gaps + waiting, always.
"""

import itertools
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from ..models.window import Float32
from .audio import Chunk, Gap, in_one

LATE = "late reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class RingStatistics:
    """Samples counted since the ring was made: written = read + gaps + waiting."""

    written: int
    """Samples written or skipped."""
    read: int
    """Samples handed to the reader as chunks."""
    gaps: int
    """Samples told to the reader as gaps."""
    lost: int
    """Of these, samples that a late reader lost."""
    waiting: int
    """Samples between reader and writer now, those included that are lost already."""
    peak: int
    """Most that ever waited and could still be read."""


@dataclass(slots=True)
class _Mark:
    """A stretch written at once: sound, or a gap where `reason` is set."""

    start: int
    stop: int
    stored: int
    """How many samples of sound had ever been written when it began."""
    captured_at: float
    reason: str = ""


class Ring:
    """Keeps the newest `capacity` samples of one leg. Skipped stretches take no room in it."""

    def __init__(self, leg: str, capacity: int, *, start: int = 0) -> None:
        if capacity < 1 or start < 0:
            raise ValueError(
                f"leg {leg!r}: a ring needs room for one sample and a start of 0 or more, "
                f"got {capacity} and {start}"
            )
        self._leg, self._capacity = leg, capacity
        self._samples = np.zeros(capacity, dtype=np.float32)
        # Written through this: numpy would hand Python's lock to another thread at each message.
        self._memory = self._samples.data
        self._marks: deque[_Mark] = deque()
        self._lock = threading.Lock()
        self._start = self._written = self._cursor = start
        self._stored = self._fetched = 0
        """Samples of sound ever written; of these, those that the reader has passed."""
        self._read = self._gaps = self._lost = self._peak = 0

    def write(self, samples: Float32, captured_at: float) -> None:
        """Copy samples [N] in; the oldest are overwritten when the reader is late."""
        count = len(samples)
        with self._lock:
            kept = samples[-self._capacity :]
            at = (self._stored + count - len(kept)) % self._capacity
            first = min(len(kept), self._capacity - at)
            self._memory[at : at + first] = kept[:first].data
            self._memory[: len(kept) - first] = kept[first:].data
            self._note(count, captured_at, "")
            self._stored += count
            self._peak = max(self._peak, self._waiting())
            self._bound()

    def skip(self, length: int, reason: str, captured_at: float) -> None:
        """The source has no samples for the next `length` positions. Raises ValueError below 0."""
        if length < 0:
            raise ValueError(f"leg {self._leg!r}: cannot skip {length} samples")
        with self._lock:
            last = self._marks[-1] if self._marks else None
            crowded = len(self._marks) > 2 * self._capacity + 2
            if last and last.reason and length and (last.reason == reason or crowded):
                self._written = last.stop = last.stop + length
                last.captured_at = captured_at
            else:
                self._note(length, captured_at, reason)

    def read(self, limit: int | None = None) -> list[Chunk | Gap]:
        """What waits, in order, at most `limit` positions of it; writes behind each other, without
        a gap between them, as one chunk.

        Without a limit it is the capacity: a gap of hours comes in pieces too, so what a reader
        makes of one read stays bounded.
        """
        with self._lock:
            items: list[Chunk | Gap] = []
            stop = min(self._written, self._cursor + (self._capacity if limit is None else limit))
            while self._cursor < stop:
                items.append(self._next(stop))
                if self._marks[0].stop <= self._cursor:
                    self._marks.popleft()
            return items

    @property
    def waiting(self) -> int:
        """Samples between reader and writer now; exact for the reader, and without a lock."""
        return self._written - self._cursor

    @property
    def written(self) -> int:
        """Position behind the newest sample."""
        return self._written

    @property
    def free(self) -> int:
        """Samples that can be written before the oldest waiting one is lost."""
        with self._lock:
            return self._capacity - self._waiting()

    def statistics(self) -> RingStatistics:
        """Counters, at one moment."""
        with self._lock:
            return RingStatistics(
                written=self._written - self._start,
                read=self._read,
                gaps=self._gaps,
                lost=self._lost,
                waiting=self._written - self._cursor,
                peak=self._peak,
            )

    def _waiting(self) -> int:
        """Samples of sound that can still be read."""
        return min(self._capacity, self._stored - self._fetched)

    def _note(self, length: int, captured_at: float, reason: str) -> None:
        if length:
            start, self._written = self._written, self._written + length
            self._marks.append(
                _Mark(
                    start=start,
                    stop=self._written,
                    stored=self._stored,
                    captured_at=captured_at,
                    reason=reason,
                )
            )

    def _bound(self) -> None:
        """Join what a late reader has lost: marks would pile up if it never came."""
        marks = self._marks
        while True:
            later = enumerate(itertools.islice(marks, 1, None), 1)
            sound = next((index for index, mark in later if not mark.reason), None)
            if sound is None or self._kept_from(marks[sound]) < marks[sound].stop:
                return
            start = marks[0].start
            for _ in range(sound):
                marks.popleft()
            marks[0].start, marks[0].reason = start, LATE

    def _kept_from(self, mark: _Mark) -> int:
        """First position of a mark of sound that was not overwritten, or one before it."""
        return mark.start + self._stored - self._capacity - mark.stored

    def _next(self, stop: int) -> Chunk | Gap:
        """Move the cursor on, at most to `stop`."""
        mark = self._marks[0]
        until = min(mark.stop, stop)
        if mark.reason:
            return self._gap(mark, until, mark.reason)
        kept = self._kept_from(mark)
        if self._cursor < kept:
            return self._gap(mark, min(until, kept), LATE)
        return self._chunk(stop)

    def _gap(self, mark: _Mark, until: int, reason: str) -> Gap:
        gap = Gap(
            leg=self._leg,
            start=self._cursor,
            length=until - self._cursor,
            reason=reason,
            captured_at=mark.captured_at,
        )
        self._gaps += gap.length
        self._lost += gap.length if reason == LATE else 0
        self._cursor = until
        return gap

    def _chunk(self, stop: int) -> Chunk:
        """The sound before `stop`, up to the next gap: it lies in one piece, and each small chunk
        would cost as much as a large one."""
        marks = self._marks
        stored = marks[0].stored + self._cursor - marks[0].start
        while marks[0].stop < stop and not marks[1].reason:
            marks.popleft()
        until = min(marks[0].stop, stop)
        at, length = stored % self._capacity, until - self._cursor
        first = min(length, self._capacity - at)
        samples = in_one([self._samples[at : at + first], self._samples[: length - first]])
        chunk = Chunk(
            leg=self._leg, start=self._cursor, samples=samples, captured_at=marks[0].captured_at
        )
        self._read += length
        self._fetched = stored + length
        self._cursor = until
        return chunk
