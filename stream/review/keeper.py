"""Keeps the queue in step with the sessions: live by the bus, everything else by the index.

What the bus told while the database was away, and sessions that came without the bus (analysed
recordings, folders copied in), are found by `reconcile`, which can be called at any time.
"""

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from ...models.grid import FRAME_RATE
from ..bus import Bus, Mail, Missed
from ..events import (
    Episode,
    EpisodeChanged,
    Fault,
    Mark,
    SessionChanged,
    SessionDeleted,
    SessionInfo,
)
from ..follower import follower
from ..record.eventlog import read_events
from ..record.files import parse_time
from ..record.removal import RECEIPTS
from ..record.result import last_episodes
from ..session import ERASED
from ..store import Store, StoredSession
from .faults import UnavailableError
from .flags import flag_name
from .intake import Held, Intake

STEP = FRAME_RATE
"""Frames by which an open episode grows before the queue hears of it again."""
_PAGE = 500
_WAY_OUT = "check the database; flags wait in the session folders and are brought in afterwards"

log = logging.getLogger(__name__)


class Keeper:
    """Moves flags between sessions and queue. `tell` from one thread, `reconcile` from any.

    A database that does not answer is told as a fault, until it does.
    """

    def __init__(
        self, intake: Intake, index: Store, output: Path, publish: Callable[[Fault], None]
    ) -> None:
        self._intake = intake
        self._index = index
        self._output = output
        self._publish = publish
        self._running: dict[str, SessionInfo] = {}
        self._open: dict[str, dict[str, Episode]] = {}
        """Open episodes of each running session, as they were put in."""
        self._broken = False
        self._missed = False
        """Whether episodes of running calls may not have reached the queue."""

    def tell(self, mail: Mail) -> None:
        """Something happened in a session."""
        if isinstance(mail, Missed) or not self._guarded(lambda: self._take(mail)):
            self._missed = True

    def reconcile(self) -> None:
        """Bring the queue in step with the index; the index must be complete.

        Sessions that are not there are erased where a receipt says that they were deleted;
        otherwise their flags wait for them (a folder that is not mounted takes no vote with it).
        """
        self._guarded(self._reconcile)

    def _guarded(self, act: Callable[[], None]) -> bool:
        """Do it; whether the database answered."""
        try:
            act()
        except UnavailableError as error:
            log.warning("%s", error)
            if not self._broken:
                self._publish(Fault(code="reviews", message=str(error), way_out=_WAY_OUT))
            self._broken = True
            return False
        if self._broken:
            told = "the review queue works again"
            self._publish(Fault(code="reviews", message=told, way_out="", active=False))
            self._broken = False
        return True

    def _take(self, mail: Mail) -> None:
        if isinstance(mail, EpisodeChanged):
            info = self._running.get(mail.session)
            if info is not None:
                self._episode(info, mail.episode)
        elif isinstance(mail, SessionChanged):
            self._session(mail.session)
        elif isinstance(mail, SessionDeleted) or (isinstance(mail, Mark) and mail.name == ERASED):
            self._intake.erase(mail.session)

    def _episode(self, info: SessionInfo, episode: Episode) -> None:
        """Put it in, unless it is open and has hardly grown: each order waits for the disk."""
        last = self._open.get(info.id, {}).get(episode.id)
        closed = episode.state == "closed"
        if last and not closed and last.kind == episode.kind and episode.end < last.end + STEP:
            return
        self._put(info, episode)
        open_ = self._open.setdefault(info.id, {})
        if closed:
            open_.pop(episode.id, None)
        else:
            open_[episode.id] = episode

    def _put(self, info: SessionInfo, episode: Episode) -> None:
        started, live = _ms(info.started_at), info.pace == "live"
        self._intake.put(info.id, episode, started_at=started, live=live)

    def _reconcile(self) -> None:
        held = self._intake.held()
        running = dict(self._running)
        seen = set(running)
        if self._missed:
            self._missed = False
            for info in running.values():
                folder = self._index.folder(info.id)
                for episode in last_episodes(read_events(folder)) if folder else ():
                    self._put(info, episode)
        for stored in _every(self._index):
            seen.add(stored.id)
            if stored.state not in ("live", "paused"):
                self._ended(stored, held.get(stored.id))
        gone = [one for one, flags in held.items() if one not in seen and not flags.away]
        deleted = _deleted(self._output) if gone else set()
        for session in gone:
            if session in deleted:
                self._intake.erase(session)
            else:
                self._intake.away(session)

    def _session(self, info: SessionInfo) -> None:
        if info.state in ("ended", "lost"):
            self._running.pop(info.id, None)
            self._open.pop(info.id, None)
            self._intake.ended(info.id)
        else:
            self._running[info.id] = info

    def _ended(self, stored: StoredSession, held: Held | None) -> None:
        there = held.episodes if held else frozenset()
        if len(there) == stored.flags and (held is None or not (held.away or held.live)):
            return
        episodes = self._index.flags(stored.id)
        started = _ms(stored.started_at)
        for episode in episodes:
            self._intake.put(stored.id, episode, started_at=started, live=False)
        withdrawn = there - {flag_name(stored.id, episode.id) for episode in episodes}
        if withdrawn:
            self._intake.erase(stored.id, withdrawn)


@contextlib.contextmanager
def keeping(bus: Bus, keeper: Keeper) -> Iterator[None]:
    """Follow the bus in a thread of its own, which the database may keep waiting."""
    with follower(bus, "reviews", keeper.tell):
        yield


def _every(index: Store) -> Iterator[StoredSession]:
    offset = 0
    while page := index.search(limit=_PAGE, offset=offset).sessions:
        yield from page
        offset += len(page)


def _deleted(output: Path) -> set[str]:
    """Sessions that were deleted as a whole, from their receipts."""
    found: set[str] = set()
    for path in (output / RECEIPTS).glob("*.json"):
        try:
            receipt = json.loads(path.read_bytes())
        except ValueError:
            log.warning("%s: no receipt; if it was one, its session's votes are kept", path)
            continue
        if receipt.get("whole"):
            found.add(receipt["session"])
    return found


def _ms(utc: str) -> int:
    return round(parse_time(utc).timestamp() * 1000)
