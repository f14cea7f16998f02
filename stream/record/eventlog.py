"""events.jsonl: what happened in a session, one event a line, append-only."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from ..events import EVENT, Event, event_json
from .files import write_whole

EVENTS_NAME = "events.jsonl"
KEEP_BYTES = 1 << 20
"""Most bytes of events that wait while the disk refuses them; beyond it new ones are given up."""


class EventLog:
    """Appends events to a file; what a full disk refused is tried again. Used by one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending = bytearray()
        self._synced = -1
        """Bytes on the disk."""
        with path.open("ab") as file:
            # A killed process may leave half a line; whole ones end with a newline.
            self._size = path.read_bytes().rfind(b"\n") + 1
            file.truncate(self._size)

    def append(self, event: Event) -> None:
        """Add an event. Raises OSError; the event then waits for the next write."""
        if len(self._pending) < KEEP_BYTES:
            self._pending += event_json(event) + b"\n"
        self.flush()

    def flush(self) -> None:
        """Hand what waits to the operating system. Raises OSError."""
        if not self._pending:
            return
        with self.path.open("r+b") as file:
            # A write that failed half-way is written again from where it began.
            file.seek(self._size)
            file.write(self._pending)
            file.truncate()
        self._size += len(self._pending)
        self._pending.clear()

    def keep(self, wanted: Callable[[Event], bool]) -> None:
        """Forget the events that are not `wanted`. Raises OSError."""
        self.flush()
        events = filter(wanted, read_events(self.path.parent))
        kept = [event_json(event) + b"\n" for event in events]
        write_whole(self.path, b"".join(kept))
        self._size, self._synced = sum(map(len, kept)), -1

    def begin_sync(self) -> int | None:
        """Hand everything to the operating system; bytes so far, None if the disk has them.

        Raises OSError.
        """
        self.flush()
        return self._size if self._size != self._synced else None

    def end_sync(self, size: int) -> None:
        """The bytes that there were when the sync began are on the disk."""
        self._synced = size

    def sync(self) -> None:
        """Bring everything to the disk. Raises OSError."""
        if (size := self.begin_sync()) is not None:
            with self.path.open("r+b") as file:
                os.fsync(file.fileno())
            self.end_sync(size)


def read_events(folder: Path) -> Iterator[Event]:
    """The events of a session folder, oldest first; half a line at the end is left out.

    Lines that are no known event (written by another version) are left out too.
    """
    path = folder / EVENTS_NAME
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield EVENT.validate_json(line)
            except ValidationError:
                continue
