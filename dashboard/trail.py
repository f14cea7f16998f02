"""Sessions in the audit log: which began and ended, of whom, told how, read by which model."""

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from ..models.manifest import Manifest
from ..stream.bus import Bus, Mail, Missed
from ..stream.events import SessionChanged, SessionInfo
from ..stream.follower import follower
from ..stream.record.audit import AuditLog
from ..stream.record.in_force import in_force
from ..stream.settings import StreamSettings

log = logging.getLogger(__name__)


def settings_hash(settings: StreamSettings, manifest: Manifest) -> str:
    """SHA-256 of the content of settings.json: model and settings in force."""
    content = json.dumps(in_force(settings, manifest), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


class Trail:
    """What is said of sessions, in order; pure."""

    def __init__(self, forced: str) -> None:
        self._forced = forced
        self._running: dict[str, bool] = {}
        """Sessions that run, and whether they are scored."""

    def lines(self, info: SessionInfo) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a session's new state adds to the log: (what, detail)."""
        before = self._running.get(info.id)
        if info.state in ("ended", "lost"):
            if self._running.pop(info.id, None) is not None:
                yield "session ended", {"state": info.state, "folder": info.folder}
            return
        self._running[info.id] = info.scoring
        if before is None:
            yield "session began", self._begun(info)
        elif before and not info.scoring:
            yield "session no longer scored", {"reason": info.scoring_reason}
        elif not before and info.scoring:
            yield "session scored from now on", self._begun(info)

    def _begun(self, info: SessionInfo) -> dict[str, Any]:
        notice = info.notice
        told = (
            {"method": notice.method, "version": notice.version, "set_by": notice.set_by}
            if notice
            else None
        )
        return {
            "source": info.source,
            "scored": [leg.name for leg in info.legs if leg.scored and info.scoring],
            "notice": told,
            "settings": self._forced,
        }


@contextlib.contextmanager
def following(bus: Bus, audit: AuditLog, forced: str) -> Iterator[None]:
    """Write the audit log in a thread of its own, which the disk may keep waiting."""
    trail = Trail(forced)

    def act(mail: Mail) -> None:
        try:
            _write(trail, audit, mail)
        except OSError:
            log.exception("%s cannot be written", audit.path)

    with follower(bus, "audit", act):
        yield


def _write(trail: Trail, audit: AuditLog, item: Mail) -> None:
    if isinstance(item, Missed):
        audit.append("entries lost", who="system", detail={"count": item.count})
    elif isinstance(item, SessionChanged):
        for what, detail in trail.lines(item.session):
            audit.append(what, who="system", session=item.session.id, detail=detail)
