"""A file of equal records, one for each frame, written by position.

Rules of this file: a record's place follows from its frame alone, so nothing ever shifts; what was
never written reads as zeros; a write that failed is tried again with the next one; a header says
how many records there are and is brought up to date by `sync`. The file is open only while it is
written: hundreds of sessions hold no file descriptors. Each call of the system lets other threads
take Python's lock and has to wait for it, so there are as few as possible.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .disk import WRITE, write_at

FLUSH_BYTES = 1 << 17
"""Bytes that wait in memory before they go to the operating system (at the latest at a sync)."""
KEEP_BYTES = 1 << 20
"""Most bytes that wait while the disk refuses them; beyond it they are given up: a hole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a file holds when a sync begins."""

    writes: int
    """How often it was written to."""
    frames: int


class GridFile:
    """Records of `record` bytes behind a header of constant length; made if it is not there.

    Used by one thread.
    """

    def __init__(self, path: Path, record: int, header: Callable[[int], bytes]) -> None:
        self.path = path
        self._header = header
        self._record = record
        self._offset = len(header(0))
        self._pending = bytearray()
        self._pending_at = 0
        # Appending makes the file or finds it as it is.
        with path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            self._frames = max(0, size - self._offset) // record
            if size == 0 and self._offset:
                file.write(header(0))
            elif size > self._offset:
                # The beginning of a record that a killed process left would look like a whole one
                # as soon as the file grows over it.
                file.truncate(self._offset + self._frames * record)
        self._durable = self._frames
        self._headed = self._long = -1
        """Records that the header tells of, and that the file holds; -1: not known."""
        self._writes, self._synced = 1, 0
        """How often anything was written, and how much of that is on the disk."""
        self._given_up: list[tuple[int, int]] = []
        self._torn: list[tuple[int, int]] = []

    @property
    def frames(self) -> int:
        """Records up to the end of the last one written; holes count."""
        return self._frames

    @property
    def durable(self) -> int:
        """Records on disk as of the last sync (or when it was opened)."""
        return self._durable

    def write(self, start: int, data: bytes) -> None:
        """Records from frame `start` on. Raises OSError; what waits is tried again later."""
        if not data:
            return
        if self._pending and start * self._record != self._pending_at + len(self._pending):
            self.flush()
        if not self._pending:
            self._pending_at = start * self._record
        self._pending += data
        self._frames = max(self._frames, start + len(data) // self._record)
        if len(self._pending) >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what waits to the operating system. Raises OSError."""
        if self._pending:
            with self._opened() as file:
                self._drain(file)

    def begin_sync(self) -> Written | None:
        """Hand data and header to the operating system; None if the disk has all of it.

        When the file has been synced, `end_sync` is told. Raises OSError.
        """
        if self._pending or self._frames != self._headed or self._frames != self._long:
            with self._opened() as file:
                self._drain(file)
                if self._headed != self._frames:
                    write_at(file, 0, self._header(self._frames))
                if self._long != self._frames:
                    # Longer: holes at the end belong to the file too. Shorter: a cut.
                    os.ftruncate(file, self._offset + self._frames * self._record)
            self._headed = self._long = self._frames
            self._writes += 1
        return Written(writes=self._writes, frames=self._frames) if self._lacks else None

    def end_sync(self, written: Written) -> None:
        """What was written when the sync began is on the disk; later ones may have ended sooner."""
        if written.writes >= self._synced:
            self._synced = written.writes
            self._durable = min(written.frames, self._frames)

    def sync(self) -> int:
        """Bring data and header to the disk; the durable records. Raises OSError."""
        if written := self.begin_sync():
            with self._opened() as file:
                os.fsync(file)
            self.end_sync(written)
        return self._durable

    @property
    def _lacks(self) -> bool:
        return self._writes > self._synced

    def truncate(self, frames: int) -> None:
        """Make the file exactly `frames` records long: cut it, or fill it with a hole."""
        self.flush()
        self._frames = frames
        self.sync()

    def take_given_up(self) -> list[tuple[int, int]]:
        """Records that were given up since the last call, as (first, first behind)."""
        given_up, self._given_up = self._given_up, []
        return given_up

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            file = os.open(self.path, WRITE)
        except OSError:
            self._give_up_too_much()
            raise
        try:
            yield file
        finally:
            os.close(file)

    def _drain(self, file: int) -> None:
        if not self._pending:
            return
        try:
            self._blank(file)
            write_at(file, self._offset + self._pending_at, self._pending)
        except OSError:
            self._long = -1
            self._give_up_too_much()
            raise
        if self._long >= 0:
            stop = (self._pending_at + len(self._pending)) // self._record
            self._long = max(self._long, stop)
        self._pending.clear()
        self._writes += 1

    def _blank(self, file: int) -> None:
        """A refused write may have left its beginning: what was given up is zeros throughout."""
        if not self._torn:
            return
        size = os.fstat(file).st_size
        for start, stop in self._torn:
            left = min(size, self._offset + stop * self._record)
            at = self._offset + start * self._record
            write_at(file, at, bytes(max(0, left - at)))
        self._torn.clear()

    def _give_up_too_much(self) -> None:
        if len(self._pending) > KEEP_BYTES:
            start = self._pending_at // self._record
            span = (start, start + len(self._pending) // self._record)
            self._given_up.append(span)
            self._torn.append(span)
            self._pending.clear()
