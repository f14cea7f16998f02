"""The recorder's thread: a bounded queue in front of the desk that owns the session folders.

When full: monitoring goes on. `submit` never blocks; what it refuses keeps its place in the folder
as a gap of the right length, is counted and shown as a fault until the queue has drained.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..events import Fault
from ..settings import RecordSettings
from ..worker import Worker
from .desk import Desk
from .items import Answered, Audio, Item, Settled

GATHER_S = 0.05
"""Time for which sound is gathered: to wake for each leg's would cost more than to write it."""
KEPT_FOLDERS = 10_000
"""Sessions whose folder is remembered: memory stays flat however long the process runs."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStatistics:
    """The recorder's counts since it started."""

    waiting: int
    size: int
    peak: int
    """Most items that ever waited."""
    taken: int
    refused: int
    """Items that found the queue full."""
    missed: int
    """Items of sound and frames that reached no folder (it could not be made)."""


class Recorder(Worker):
    """Owns all session folders. `submit`, `durable`, `folder` and `statistics` from any thread.

    `on_fault`, `on_opened(session, folder)` and `on_closed(session, folder)` are called from the
    recorder's thread (a full queue: from the submitter's) and must be short.
    """

    def __init__(
        self,
        settings: RecordSettings,
        *,
        on_fault: Callable[[Fault], None],
        on_opened: Callable[[str, Path], None] = lambda session, folder: None,
        on_closed: Callable[[str, Path], None] = lambda session, folder: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("recorder")
        self._size = settings.queue
        self._now = now
        self._on_fault = on_fault
        self._tell_opened = on_opened
        self._folders: dict[str, Path] = {}
        # The thread that waits for the disk, so that the recorder's own need not.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._desk = Desk(
            settings,
            submit=self._beside,
            on_fault=on_fault,
            on_opened=self._opened,
            on_closed=on_closed,
        )
        self._items: list[Item] = []
        self._flushes: list[threading.Event] = []
        self._full = self._pressing = False
        self._peak = self._taken = self._refused = 0

    def submit(self, item: Item) -> bool:
        """Hand an item over; false if the queue is full (rare items always fit). Never blocks."""
        became_full = False
        with self._changed:
            bulk = isinstance(item, Audio | Settled | Answered)
            refused = self._stopping or (bulk and len(self._items) >= self._size)
            if refused:
                self._refused += 1
                became_full = not self._full and not self._stopping
                self._full = True
            else:
                self._items.append(item)
                self._peak = max(self._peak, len(self._items))
                self._pressing = self._pressing or not bulk
                if len(self._items) == 1 or not bulk:
                    self._changed.notify()
        if became_full:
            self._on_fault(_queue_fault(active=True))
        return not refused

    def durable(self, session: str) -> int:
        """20 ms frames that all legs of an open session have on disk; 0 if it is not open."""
        return self._desk.durable.get(session, 0)

    def folder(self, session: str) -> Path | None:
        """The folder of one of the newest sessions; None while it could not be made."""
        return self._folders.get(session)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was submitted so far is on disk; false if that took too long."""
        done = threading.Event()
        with self._changed:
            self._flushes.append(done)
            self._changed.notify()
        return done.wait(timeout)

    def stop(self, timeout: float = 30.0) -> None:
        """Write and finish what was submitted, then end the thread.

        Sessions that were not closed stay unfinished on disk: they can be taken up again. Raises
        TimeoutError.
        """
        super().stop(timeout)
        self._disk.shutdown()

    def statistics(self) -> RecorderStatistics:
        """Counts so far."""
        with self._changed:
            return RecorderStatistics(
                waiting=len(self._items),
                size=self._size,
                peak=self._peak,
                taken=self._taken,
                refused=self._refused,
                missed=self._desk.missed,
            )

    def _opened(self, session: str, folder: Path) -> None:
        self._folders[session] = folder
        if len(self._folders) > KEPT_FOLDERS:
            del self._folders[next(iter(self._folders))]
        self._tell_opened(session, folder)

    def _beside(self, act: Callable[[], None]) -> "Future[None]":
        answer = self._disk.submit(act)
        answer.add_done_callback(lambda _: self._wake())
        return answer

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            items, flushes, stopping = self._wait()
            for item in items:
                self._guarded(self._desk.handle, item)
            if flushes or stopping:
                self._guarded(self._desk.sync_all)
            for flush in flushes:
                flush.set()
            if stopping:
                return
            self._guarded(self._desk.turn, self._now())

    def _wait(self) -> tuple[list[Item], list[threading.Event], bool]:
        with self._changed:
            due = self._desk.next_due()
            rest = None if due is None else max(0.0, due - self._now())
            self._changed.wait_for(lambda: bool(self._items) or self._called(), rest)
            if self._items and rest != 0.0:
                self._changed.wait_for(
                    self._called, GATHER_S if rest is None else min(rest, GATHER_S)
                )
            self._pressing = False
            items, self._items = self._items, []
            flushes, self._flushes = self._flushes, []
            self._taken += len(items)
            drained, self._full = self._full, False
            stopping = self._stopping
        if drained:
            self._on_fault(_queue_fault(active=False))
        return items, flushes, stopping

    def _called(self) -> bool:
        """Whether there is more to do than to write sound and frames, which may be gathered."""
        return self._pressing or bool(self._flushes) or self._stopping or self._desk.synced

    def _guarded(self, act: Callable[..., object], *arguments: object) -> None:
        """A defect in one session's recording must not end the recording of all others."""
        try:
            act(*arguments)
        except Exception as error:
            log.exception("recorder")
            self._on_fault(
                Fault(
                    code="recorder",
                    message=f"the recorder failed: {error}",
                    way_out="see the log and report it; sound may be missing in a folder",
                )
            )


def _queue_fault(*, active: bool) -> Fault:
    return Fault(
        code="recorder queue",
        message="the disk is too slow: sound is missing in session folders"
        if active
        else "the disk keeps up again",
        way_out="use a faster disk or fewer sessions" if active else "",
        active=active,
    )
