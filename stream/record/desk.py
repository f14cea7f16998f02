"""What the recorder does, without its thread: sessions, their folders, faults, turns.

Rules of this file: no exception leaves it; a session whose disk fails goes on without one, is
tried again at each turn, and keeps its positions whatever was lost.
"""

import logging
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from ..events import Fault, Mark
from ..session import ERASED
from ..settings import RecordSettings
from .disk import sync_files
from .files import FolderError
from .folder import SessionFolder, Syncing
from .history import frame_rows
from .items import (
    Adopt,
    Answered,
    Audio,
    Changed,
    Close,
    Control,
    CoreBegan,
    CoreEnded,
    Discard,
    Item,
    Logged,
    Open,
    Settled,
)

AT_A_TURN = 8
"""Sessions that are handed over before the queue is served again."""
KEPT_CONTROLS = 1000
"""Most rare items that wait for a folder that cannot be made."""
WAY_OUT = (
    "free space or make the output folder writable; monitoring goes on, "
    "what is missed meanwhile keeps its place as a gap"
)

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Session:
    id: str
    opening: Open | None = None
    folder: SessionFolder | None = None
    waiting: list[Control] = field(default_factory=list)
    close: Close | None = None
    steps: Iterator[None] | None = None
    broken: bool = False
    """Whether a disk fault has been told."""
    good: int = 0
    """Syncs since the last error."""


Submit = Callable[[Callable[[], None]], "Future[None]"]
"""Has something done, most simply in a thread of its own."""


class Desk:
    """Folders of all sessions. Used by the recorder's thread alone.

    Twice in a sync's time all sessions are handed to the operating system, some at a turn: that is
    quick and enough for a killed process. Every second time the disk is then told of all of them
    together, by `submit`, while the queue goes on being served.
    """

    def __init__(
        self,
        settings: RecordSettings,
        *,
        submit: Submit,
        on_fault: Callable[[Fault], None],
        on_opened: Callable[[str, Path], None],
        on_closed: Callable[[str, Path], None],
    ) -> None:
        self._output = settings.output
        self._sync_s = settings.fsync_s
        self._submit = submit
        self._round_due = self._sync_due = 0.0
        self._round: list[str] = []
        """Sessions that have still to be handed over in this round."""
        self._syncs = False
        """Whether this round ends with a sync."""
        self._ready: dict[str, Syncing] = {}
        self._syncing: tuple[Future[None], dict[str, Syncing]] | None = None
        self._on_fault = on_fault
        self._on_opened = on_opened
        self._on_closed = on_closed
        self._sessions: dict[str, _Session] = {}
        self.durable: dict[str, int] = {}
        """20 ms frames of each open session that are on disk; read by other threads."""
        self.missed = 0
        """Sound and frames that reached no folder, in items."""

    def handle(self, item: Item) -> None:
        """Do what an item asks."""
        if isinstance(item, Open | Adopt):
            self._open(item)
            return
        session = self._sessions.get(item.session)
        if session is None:
            self.missed += isinstance(item, Audio | Settled | Answered)
        elif isinstance(item, Discard):
            self._forget(session)
        elif isinstance(item, Close):
            self._close(session, item)
        elif session.folder is not None:
            self._guarded(session, lambda folder: _put(folder, item))
        elif isinstance(item, CoreBegan | CoreEnded | Logged | Changed):
            if len(session.waiting) < KEPT_CONTROLS:
                session.waiting.append(item)
        else:
            self.missed += 1

    def turn(self, now: float) -> bool:
        """Do the next small thing that is due; whether there was any.

        The queue is served between two turns.
        """
        if self.synced:
            self._end_sync()
            return True
        if not self._round and self._sessions and self._round_due <= now:
            self._begin_round(now)
        if self._round:
            some, self._round = self._round[:AT_A_TURN], self._round[AT_A_TURN:]
            for id in some:
                if (session := self._sessions.get(id)) is not None:
                    self._hand_over(session)
            if not self._round:
                self._begin_sync()
            return True
        ending = next((one for one in self._sessions.values() if one.steps is not None), None)
        if ending is not None:
            self._step(ending)
        return ending is not None

    def next_due(self) -> float | None:
        """When `turn` has something to do next; None: only when an item comes."""
        ending = any(session.steps is not None for session in self._sessions.values())
        if self.synced or self._round or ending:
            return -math.inf
        return self._round_due if self._sessions else None

    @property
    def synced(self) -> bool:
        """Whether a sync has been answered. From any thread."""
        return self._syncing is not None and self._syncing[0].done()

    def sync_all(self) -> None:
        """Bring everything to the disk at once and finish what has ended."""
        for session in list(self._sessions.values()):
            if session.folder is None:
                self._make_folder(session)
            if session.close is not None:
                self._begin_end(session)
            else:
                self._guarded(session, self._sync)
            while session.steps is not None:
                self._step(session)

    def _begin_round(self, now: float) -> None:
        self._round_due = now + self._sync_s / 2
        # A sync that the disk has not answered is not overtaken.
        self._syncs = self._sync_due <= now and self._syncing is None
        if self._syncs:
            self._sync_due = now + self._sync_s
        self._round = list(self._sessions)

    def _hand_over(self, session: _Session) -> None:
        if session.folder is None and self._syncs:
            self._make_folder(session)
        if session.close is not None:
            self._begin_end(session)
        elif self._syncs:
            self._guarded(session, self._prepare)
        else:
            self._guarded(session, SessionFolder.flush)

    def _prepare(self, folder: SessionFolder) -> None:
        self._ready[folder.info.id] = folder.begin_sync()

    def _begin_sync(self) -> None:
        ready, self._ready = self._ready, {}
        if ready:
            paths = [path for syncing in ready.values() for path in syncing.paths]
            self._syncing = self._submit(lambda: sync_files(paths, self._output)), ready

    def _end_sync(self) -> None:
        if self._syncing is None:
            return
        (answer, ready), self._syncing = self._syncing, None
        error = answer.exception()
        for id, syncing in ready.items():
            session = self._sessions.get(id)
            if session is None or session.folder is None:
                continue
            if isinstance(error, OSError):
                self._broke(session, error)
            elif error is None:
                self.durable[id] = session.folder.end_sync(syncing)
                self._synced_well(session)
        if error is not None and not isinstance(error, OSError):
            raise error

    def _open(self, item: Open | Adopt) -> None:
        session = _Session(id=item.session)
        self._sessions[session.id] = session
        if isinstance(item, Adopt):
            session.folder = item.folder
            self._opened(session, item.folder)
        else:
            session.opening = item
            self._make_folder(session)

    def _make_folder(self, session: _Session) -> None:
        opening = session.opening
        if opening is None:
            return
        try:
            folder = SessionFolder.create(
                self._output, opening.info, settings=opening.settings, extra=opening.extra
            )
        except OSError as error:
            self._broke(session, error)
            return
        session.folder = folder
        self._opened(session, folder)
        for item in session.waiting:
            self._guarded(session, lambda folder, item=item: _put(folder, item))  # type: ignore[misc]
        session.waiting.clear()
        self._mended(session)

    def _opened(self, session: _Session, folder: SessionFolder) -> None:
        self.durable[session.id] = folder.durable
        self._on_opened(session.id, folder.path)

    def _sync(self, folder: SessionFolder) -> None:
        self.durable[folder.info.id] = folder.sync()
        self._synced_well(self._sessions[folder.info.id])

    def _synced_well(self, session: _Session) -> None:
        session.good += 1
        # Having given up what waited, a full disk takes the next sync too: there is nothing in it.
        if session.good > 1:
            self._mended(session)

    def _close(self, session: _Session, item: Close) -> None:
        session.close = item
        if session.folder is None:
            self._make_folder(session)
        if session.folder is None:
            # A folder made later would be empty.
            self._forget(session, f"session {session.id} was not recorded")
        self._begin_end(session)

    def _forget(self, session: _Session, message: str = "") -> None:
        self._mended(session, message)
        del self._sessions[session.id]
        self.durable.pop(session.id, None)

    def _begin_end(self, session: _Session) -> None:
        if session.steps is None and session.folder is not None and session.close is not None:
            session.steps = session.folder.end(session.close.info, session.close.facts)

    def _step(self, session: _Session) -> None:
        steps, folder = session.steps, session.folder
        if steps is None or folder is None:
            return
        try:
            next(steps)
        except StopIteration:
            session.steps = None
            self._forget(session)
            self._on_closed(session.id, folder.path)
        except (OSError, FolderError) as error:
            session.steps = None
            self._broke(session, error)
            if isinstance(error, FolderError) or not folder.path.exists():
                # Trying again would not help: the folder is gone, or what it says is wrong.
                self._forget(session, f"the folder of session {session.id} could not be finished")

    def _guarded(self, session: _Session, act: Callable[[SessionFolder], object]) -> None:
        if session.folder is None:
            return
        try:
            act(session.folder)
        except (OSError, FolderError) as error:
            self._broke(session, error)

    def _broke(self, session: _Session, error: Exception) -> None:
        session.good = 0
        if session.broken:
            return
        session.broken = True
        fault = _fault(session.id, _words(error, self._output), active=True)
        log.warning("session %s: %s; %s", session.id, fault.message, WAY_OUT)
        self._on_fault(fault)

    def _mended(self, session: _Session, message: str = "") -> None:
        if session.broken:
            session.broken = False
            told = message or "the disk takes sessions again"
            self._on_fault(_fault(session.id, told, active=False))


def _put(folder: SessionFolder, item: Item) -> None:
    if isinstance(item, Audio):
        folder.hear(item.leg, item.heard)
    elif isinstance(item, Settled):
        settled = item.update.settled
        rows = frame_rows(item.update, poor=item.poor)
        folder.settle(item.leg, settled.start_frame, rows)
        if settled.features is not None:
            folder.embed(item.leg, settled.start_frame, settled.features)
    elif isinstance(item, Answered):
        folder.answered(item.leg, item.spans)
    elif isinstance(item, Logged):
        folder.log(item.event)
        if isinstance(item.event, Mark) and item.event.name == ERASED:
            folder.erase_scores()
    elif isinstance(item, Changed):
        folder.update(item.info)
    elif isinstance(item, CoreBegan):
        folder.begin_core(item.leg, item.start_frame, item.phase_frames, fresh=item.fresh)
    elif isinstance(item, CoreEnded):
        folder.end_core(item.leg, item.stop_frame, finished=item.finished)


def _words(error: Exception, output: Path) -> str:
    if isinstance(error, OSError):
        return f"cannot write to {error.filename or output}: {error.strerror or error}"
    return str(error)


def _fault(session: str, message: str, *, active: bool) -> Fault:
    way_out = WAY_OUT if active else ""
    return Fault(code="disk", message=message, way_out=way_out, active=active, session=session)
