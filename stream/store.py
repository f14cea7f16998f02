"""The index of sessions and flags: what a list or a search needs, and nothing that is not on disk.

The session folders are the truth. The index is made from them and may be deleted at any time: it
is made anew at the next start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from .events import Episode, SessionInfo
from .record.card import CARD_NAME, read_card
from .record.eventlog import read_events
from .record.files import FolderError, parse_time, session_folders, utc_text
from .record.result import RESULT_NAME, last_episodes, read_result

INDEX_NAME = "sessions.sqlite"
SETTING = "stream.record.index"
_META = sa.MetaData()
_SESSIONS = sa.Table(
    "sessions",
    _META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("folder", sa.String, nullable=False, unique=True),
    sa.Column("name", sa.String, nullable=False, index=True),
    sa.Column("call_id", sa.String, nullable=False, index=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("started_at", sa.String, nullable=False, index=True),
    sa.Column("ended_at", sa.String, nullable=False),
    sa.Column("scoring", sa.Boolean, nullable=False),
    sa.Column("duration_s", sa.Float),
    sa.Column("emotion", sa.String),
    sa.Column("confidence", sa.Float),
    sa.Column("flags", sa.Integer, nullable=False),
    sa.Column("audio", sa.Boolean, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
)
_FLAGS = sa.Table(
    "flags",
    _META,
    sa.Column("session", sa.String, primary_key=True),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False, index=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("episode", sa.String, nullable=False),
)
"""`episode` holds all of it as JSON; the columns beside it are what a search asks for."""
_EPISODE: TypeAdapter[Episode] = TypeAdapter(Episode)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session in the index."""

    id: str
    folder: str
    """Name of the folder inside the output folder."""
    name: str
    call_id: str
    source: str
    state: str
    started_at: str
    """UTC, RFC 3339."""
    ended_at: str
    scoring: bool
    duration_s: float | None
    """None until it has ended; emotion and confidence too."""
    emotion: str | None
    confidence: float | None
    flags: int
    """Number of fear/disgust episodes."""
    audio: bool
    """Whether its sound is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of a search."""

    sessions: tuple[StoredSession, ...]
    total: int
    """How many there are on all pages."""


class Store:
    """Index of one output folder's sessions. From any thread."""

    def __init__(self, output: Path, url: str = "") -> None:
        """Open the index; `url` is SQLAlchemy's, by default an SQLite file in the output folder.

        Raises OSError if the folder cannot be made or the database not be opened.
        """
        output.mkdir(parents=True, exist_ok=True)
        self._output = output
        try:
            self._engine = sa.create_engine(url or f"sqlite:///{output / INDEX_NAME}")
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _tune_sqlite)
            _META.create_all(self._engine)
        except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            reason = str(error).splitlines()[0]
            raise OSError(
                f"the session index cannot be opened ({reason}): see {SETTING}"
            ) from error

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def rebuild(self) -> int:
        """Bring the index in step with the folders; how many sessions had changed.

        Folders that were changed since they were read are read again, vanished ones forgotten.
        """
        with self._engine.connect() as connection:
            known = {row.folder: row for row in connection.execute(sa.select(_SESSIONS))}
        folders = {path.name: path for path in session_folders(self._output)}
        gone = [row.id for name, row in known.items() if name not in folders]
        for session in gone:
            self.forget(session)
        changed = 0
        for name, path in folders.items():
            if name not in known or known[name].seen != _changed_ns(path):
                changed += self.add(path)
        return changed + len(gone)

    def add(self, folder: Path) -> bool:
        """Read a session folder into the index, replacing what was known of it.

        False if it is no session folder (yet).
        """
        try:
            card = read_card(folder)
        except FolderError:
            return False
        episodes = last_episodes(read_events(folder))
        self._write(card.info, folder, episodes)
        return True

    def update(self, info: SessionInfo) -> None:
        """A session began, was renamed, paused or ended; it must have a folder."""
        changed = {"name": info.name, "state": info.state, "ended_at": info.ended_at}
        with self._engine.begin() as connection:
            found = connection.execute(
                sa.update(_SESSIONS).where(_SESSIONS.c.id == info.id).values(changed)
            )
        if not found.rowcount:
            self.add(self._output / info.folder)

    def put_flag(self, session: str, episode: Episode) -> None:
        """An episode opened, moved or closed."""
        with self._engine.begin() as connection:
            _replace_flags(connection, session, [episode])
            count = sa.select(sa.func.count()).where(_FLAGS.c.session == session)
            connection.execute(
                sa.update(_SESSIONS)
                .where(_SESSIONS.c.id == session)
                .values(flags=count.scalar_subquery())
            )

    def forget(self, session: str) -> None:
        """Take a session and its flags out of the index."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_FLAGS).where(_FLAGS.c.session == session))
            connection.execute(sa.delete(_SESSIONS).where(_SESSIONS.c.id == session))

    def get(self, session: str) -> StoredSession | None:
        """A session by its id."""
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(_SESSIONS).where(_SESSIONS.c.id == session)
            ).one_or_none()
        return _stored(row) if row is not None else None

    def folder(self, session: str) -> Path | None:
        """A session's folder."""
        found = self.get(session)
        return self._output / found.folder if found else None

    def search(
        self,
        text: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        flagged: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> Found:
        """Sessions whose name, call or folder holds `text`, started in [since, until).

        Newest first. Never ordered by an emotion and never grouped by agent.
        """
        wanted: list[sa.ColumnElement[bool]] = []
        if text:
            columns = (_SESSIONS.c.name, _SESSIONS.c.call_id, _SESSIONS.c.folder)
            wanted.append(sa.or_(*(c.icontains(text, autoescape=True) for c in columns)))
        if since is not None:
            wanted.append(_SESSIONS.c.started_at >= utc_text(since))
        if until is not None:
            wanted.append(_SESSIONS.c.started_at < utc_text(until))
        if flagged:
            wanted.append(_SESSIONS.c.flags > 0)
        query = sa.select(_SESSIONS).where(*wanted)
        page = query.order_by(_SESSIONS.c.started_at.desc(), _SESSIONS.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(page.limit(limit).offset(offset)).all()
            count = sa.select(sa.func.count()).select_from(query.subquery())
            total = connection.execute(count).scalar_one()
        return Found(sessions=tuple(_stored(row) for row in rows), total=total)

    def flags(self, session: str) -> tuple[Episode, ...]:
        """The episodes of a session, in order of time."""
        query = (
            sa.select(_FLAGS.c.episode)
            .where(_FLAGS.c.session == session)
            .order_by(_FLAGS.c.start, _FLAGS.c.id)
        )
        with self._engine.connect() as connection:
            found = connection.execute(query).scalars().all()
        return tuple(_EPISODE.validate_json(text) for text in found)

    def _write(self, info: SessionInfo, folder: Path, episodes: Iterable[Episode]) -> None:
        flags = list(episodes)
        result = read_result(folder)
        card = read_card(folder)
        values = {
            "id": info.id,
            "folder": folder.name,
            "name": info.name,
            "call_id": info.call_id,
            "source": info.source,
            "state": info.state,
            "started_at": utc_text(parse_time(info.started_at)),
            "ended_at": info.ended_at,
            "scoring": info.scoring,
            "duration_s": result.get("duration_s"),
            "emotion": result.get("emotion"),
            "confidence": result.get("confidence"),
            "flags": len(flags),
            "audio": any((folder / files.audio).exists() for files in card.files),
            "seen": _changed_ns(folder),
        }
        with self._engine.begin() as connection:
            same = sa.or_(_SESSIONS.c.id == info.id, _SESSIONS.c.folder == folder.name)
            connection.execute(sa.delete(_SESSIONS).where(same))
            connection.execute(sa.insert(_SESSIONS).values(values))
            connection.execute(sa.delete(_FLAGS).where(_FLAGS.c.session == info.id))
            _replace_flags(connection, info.id, flags)


def _replace_flags(connection: sa.Connection, session: str, episodes: list[Episode]) -> None:
    for episode in episodes:
        same = sa.and_(_FLAGS.c.session == session, _FLAGS.c.id == episode.id)
        connection.execute(sa.delete(_FLAGS).where(same))
        values = {
            "session": session,
            "id": episode.id,
            "kind": episode.kind,
            "state": episode.state,
            "start": episode.start,
            "episode": _EPISODE.dump_json(episode).decode(),
        }
        connection.execute(sa.insert(_FLAGS).values(values))


def _stored(row: sa.Row[Any]) -> StoredSession:
    return StoredSession(**{name: value for name, value in row._mapping.items() if name != "seen"})


def _changed_ns(folder: Path) -> int:
    """When the folder's result or card was written last: a change of either is read again."""
    times = [path.stat().st_mtime_ns for path in _watched(folder) if path.exists()]
    return max(times, default=0)


def _watched(folder: Path) -> tuple[Path, Path, Path]:
    # The folder itself changes when files come or go (its sound is deleted).
    return folder / CARD_NAME, folder / RESULT_NAME, folder


def _tune_sqlite(connection: Any, _: object) -> None:
    # Readers do not wait for the writer, and the writer not for the disk: the index can be rebuilt.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA busy_timeout=5000")
