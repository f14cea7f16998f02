"""Where flags come in, and where they go when their session goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ..events import Episode
from .database import Database
from .flags import Flag, flag_name, flag_of
from .rules import due, model_label, second_by_lot, strength
from .settings import ReviewSettings
from .tables import FLAGS, VOTES

_KEPT_OF_ERASED = {
    "leg": "", "start": 0, "stop": 0, "strength": 0.0, "live": False, "presence": "erased",
    "wanted": False, "claimed_by": None, "claimed_until": 0,
}  # fmt: skip
"""What is left of an erased flag beside this: kind, model, outcome and the day."""
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the queue holds of one session, erased flags left out."""

    episodes: frozenset[str]
    """Short ids of its flags (`flag_name`)."""
    away: bool
    """Whether the session was not in the output folder when that was looked at last."""
    live: bool
    """Whether it ran when that was told last."""


class Intake:
    """Puts flags into the queue and takes them out. From any thread; may raise
    UnavailableError. Every order may be given twice.
    """

    def __init__(self, database: Database, settings: ReviewSettings) -> None:
        self._database = database
        self._settings = settings

    def put(self, session: str, episode: Episode, *, started_at: int, live: bool) -> None:
        """An episode opened, moved or closed in a session that began at `started_at`.

        `started_at`: UTC milliseconds. `live`: people are still on the line. What reviewers did
        with the flag stays; an erased flag stays erased.
        """
        name = flag_name(session, episode.id)
        told = {
            "leg": episode.leg,
            "kind": episode.kind,
            "model": model_label(episode),
            "start": episode.start,
            "stop": episode.end,
            "strength": strength(episode),
            "live": live,
            "at": started_at + episode.start * 20,
            "presence": "there",
        }
        begun = {
            "session": session,
            "episode": name,
            "due": 0,
            "second": second_by_lot(session, name, self._settings.second_share),
            "votes": 0,
            "wanted": True,
            "claimed_until": 0,
        }
        this = sa.and_(FLAGS.c.session == session, FLAGS.c.episode == name)
        with self._database.writing() as connection:
            connection.execute(self._database.insert_new(FLAGS, told | begun))
            changed = (
                sa.update(FLAGS).where(this, FLAGS.c.presence != "erased").values(told)
            ).returning(FLAGS)
            self._place(connection, [flag_of(row) for row in connection.execute(changed)])

    def ended(self, session: str) -> None:
        """Nobody is on the line any more."""
        with self._database.writing() as connection:
            changed = (
                sa.update(FLAGS).where(FLAGS.c.session == session, FLAGS.c.live).values(live=False)
            ).returning(FLAGS)
            self._place(connection, [flag_of(row) for row in connection.execute(changed)])

    def away(self, session: str) -> None:
        """The session is not in the output folder; its flags wait until it is there again."""
        there = sa.and_(FLAGS.c.session == session, FLAGS.c.presence == "there")
        with self._database.writing() as connection:
            connection.execute(sa.update(FLAGS).where(there).values(presence="away"))

    def erase(self, session: str, episodes: frozenset[str] | None = None) -> None:
        """The session was deleted, or these flags' scores were withdrawn (None: all of them).

        What is kept: of flags with votes the kind, the model's answer, the outcome and the day; of
        votes the reviewer, the label and when. Notes, times in the call and strengths go.
        """
        flags = [FLAGS.c.session == session]
        votes = [VOTES.c.session == session]
        if episodes is not None:
            flags.append(FLAGS.c.episode.in_(sorted(episodes)))
            votes.append(VOTES.c.episode.in_(sorted(episodes)))
        voted = sa.exists().where(
            VOTES.c.session == FLAGS.c.session, VOTES.c.episode == FLAGS.c.episode
        )
        day = FLAGS.c.at - FLAGS.c.at % _DAY_MS
        with self._database.writing() as connection:
            connection.execute(sa.delete(FLAGS).where(*flags, ~voted))
            connection.execute(sa.update(FLAGS).where(*flags).values(_KEPT_OF_ERASED | {"at": day}))
            connection.execute(sa.update(VOTES).where(*votes).values(note=""))

    def held(self) -> dict[str, Held]:
        """Every session that has flags which are not erased."""
        query = sa.select(FLAGS.c.session, FLAGS.c.episode, FLAGS.c.presence, FLAGS.c.live).where(
            FLAGS.c.presence != "erased"
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(FLAGS.c.session)).all()
        return {
            session: _held(list(group))
            for session, group in groupby(rows, key=lambda row: str(row.session))
        }

    def _place(self, connection: sa.Connection, flags: list[Flag]) -> None:
        for flag in flags:
            place = due(
                flag.at,
                live=flag.live,
                strength=flag.strength,
                votes=flag.votes,
                settings=self._settings,
            )
            connection.execute(
                sa.update(FLAGS)
                .where(FLAGS.c.session == flag.session, FLAGS.c.episode == flag.episode)
                .values(due=place)
            )


def _held(rows: Sequence[Any]) -> Held:
    return Held(
        episodes=frozenset(row.episode for row in rows),
        away=any(row.presence == "away" for row in rows),
        live=any(row.live for row in rows),
    )
