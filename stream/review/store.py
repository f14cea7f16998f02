"""The queue itself: who holds which flag, and who said what.

Two people may ask for the same thing in the same instant, on several servers of one PostgreSQL:
every order is one transaction that locks the flag's row first.
"""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from .agreement import Agreement
from .database import Database
from .faults import (
    ClaimedError,
    DecidedError,
    NotVotedError,
    TooLateError,
    UnknownFlagError,
    VotedError,
)
from .flags import Flag, Vote, flag_of, vote_of
from .intake import Intake
from .reports import Decided, agreement_of, decided_in, votes_on_decided
from .rules import Label, State, due, opinions_wanted, outcome
from .settings import ReviewSettings
from .tables import FLAGS, VOTES


def wall_clock_ms() -> int:
    """UTC now, milliseconds."""
    return time.time_ns() // 1_000_000


class Reviews:
    """The review queue of one output folder. From any thread; every method may raise
    UnavailableError where the database does not answer.
    """

    def __init__(
        self,
        output: Path,
        settings: ReviewSettings,
        now: Callable[[], int] = wall_clock_ms,
    ) -> None:
        """Open the reviews; `now` gives UTC milliseconds. Raises OSError."""
        self._settings = settings
        self._now = now
        self._database = Database(output, settings)
        self.intake = Intake(self._database, settings)
        """Where flags come in and go."""

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    @property
    def now(self) -> int:
        """UTC milliseconds by the queue's clock."""
        return self._now()

    def get(self, session: str, episode: str) -> Flag:
        """One flag. Raises UnknownFlagError."""
        with self._database.reading() as connection:
            return _flag(connection, session, episode)

    def listed(self, state: State | None = None, limit: int = 50) -> tuple[Flag, ...]:
        """Flags in a state (None: all), the most urgent first; of the decided the newest first."""
        order = FLAGS.c.decided_at.desc() if state == "decided" else FLAGS.c.due
        query = (
            sa.select(FLAGS)
            .where(FLAGS.c.presence == "there", *_in_state(state, self._now()))
            .order_by(order, FLAGS.c.session, FLAGS.c.episode)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(flag_of(row) for row in connection.execute(query))

    def waiting(self) -> tuple[int, int | None]:
        """How many flags wait for somebody, and the moment of the oldest."""
        query = sa.select(sa.func.count(), sa.func.min(FLAGS.c.at)).where(*_free(self._now()))
        with self._database.reading() as connection:
            count, oldest = connection.execute(query).one()
        return count, oldest

    def next(self, reviewer: str, skip: Collection[tuple[str, str]] = ()) -> Flag | None:
        """Claim the most urgent flag that this reviewer may decide; None if there is none.

        The one that the reviewer still holds comes first; flags in `skip` (session, episode) come
        not at all, nor any the reviewer has voted on.
        """
        now = self._now()
        voted = sa.exists().where(
            _same_flag(), VOTES.c.reviewer == reviewer, VOTES.c.undone_at.is_(None)
        )
        mine = sa.and_(FLAGS.c.claimed_by == reviewer, FLAGS.c.claimed_until > now)
        open_ = (FLAGS.c.presence == "there", FLAGS.c.wanted, ~voted)
        flags = sa.select(FLAGS).order_by(FLAGS.c.due, FLAGS.c.session, FLAGS.c.episode).limit(1)
        if skip:
            key = sa.tuple_(FLAGS.c.session, FLAGS.c.episode)
            flags = flags.where(key.not_in(sorted(skip)))
        # Rows that another one is just taking are passed over, not waited for.
        free = flags.where(*open_, FLAGS.c.claimed_until <= now).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            row = connection.execute(flags.where(*open_, mine)).one_or_none()
            row = row or connection.execute(free).one_or_none()
            return self._claimed(connection, flag_of(row), reviewer, now) if row else None

    def claim(self, session: str, episode: str, reviewer: str) -> Flag:
        """Hold a flag for a while, or hold it longer.

        Raises UnknownFlagError, ClaimedError, DecidedError, VotedError.
        """
        now = self._now()
        with self._database.writing() as connection:
            flag = self._open(connection, session, episode, reviewer, now)
            return self._claimed(connection, flag, reviewer, now)

    def release(self, session: str, episode: str, reviewer: str) -> Flag:
        """Give a flag back that this reviewer holds; else nothing changes."""
        with self._database.writing() as connection:
            flag = _flag(connection, session, episode, lock=True)
            if flag.claimed_by != reviewer:
                return flag
            return _changed(connection, flag, claimed_by=None, claimed_until=0)

    def vote(self, session: str, episode: str, reviewer: str, label: Label, note: str) -> Flag:
        """Say what is heard; a claim is needed only against others.

        Raises UnknownFlagError, ClaimedError, DecidedError, VotedError.
        """
        now = self._now()
        with self._database.writing() as connection:
            flag = self._open(connection, session, episode, reviewer, now)
            earlier = _votes(connection, session, episode)
            vote = {
                "session": session,
                "episode": episode,
                "reviewer": reviewer,
                "label": label,
                "note": note,
                "at": now,
                "blind": all(vote.reviewer != reviewer for vote in earlier),
            }
            connection.execute(sa.insert(VOTES).values(vote))
            return self._weighed(connection, flag, now, claimed_by=None, claimed_until=0)

    def undo(self, session: str, episode: str, reviewer: str) -> Flag:
        """Take one's vote back; it stays in the history. Raises NotVotedError, TooLateError."""
        now = self._now()
        with self._database.writing() as connection:
            flag = _flag(connection, session, episode, lock=True)
            vote = _vote_by(_votes(connection, session, episode), reviewer)
            if now - vote.at > self._settings.undo_s * 1000:
                raise TooLateError(self._settings.undo_s)
            connection.execute(
                sa.update(VOTES)
                .where(*_on(VOTES, session, episode), VOTES.c.reviewer == reviewer)
                .where(VOTES.c.undone_at.is_(None))
                .values(undone_at=now)
            )
            return self._weighed(connection, flag, now)

    def second(self, session: str, episode: str) -> Flag:
        """Ask for two opinions on a flag, also on a decided one. Raises UnknownFlagError."""
        with self._database.writing() as connection:
            flag = _flag(connection, session, episode, lock=True)
            flag = _changed(connection, flag, second=True)
            return self._weighed(connection, flag, self._now())

    def votes(self, session: str, episode: str, reviewer: str) -> tuple[Vote, ...]:
        """The votes that count, for somebody who has voted. Raises NotVotedError."""
        with self._database.reading() as connection:
            _flag(connection, session, episode)
            found = _votes(connection, session, episode)
        _vote_by(found, reviewer)
        return tuple(vote for vote in found if vote.undone_at is None)

    def agreement(self) -> Agreement:
        """How far reviewers agree among each other, and the model with them."""
        with self._database.reading() as connection:
            return agreement_of(connection)

    def decided(self) -> tuple[Decided, ...]:
        """Flags whose sound is there and of which the reviewers are sure, oldest decision first."""
        with self._database.reading() as connection:
            return decided_in(connection)

    def history(self) -> tuple[tuple[Flag, Vote], ...]:
        """Every vote on decided flags, those taken back too, in the order in which they came."""
        with self._database.reading() as connection:
            return votes_on_decided(connection)

    def _open(
        self, connection: sa.Connection, session: str, episode: str, reviewer: str, now: int
    ) -> Flag:
        """A flag that this reviewer may vote on."""
        flag = _flag(connection, session, episode, lock=True)
        by = flag.claimed_by
        if any(
            vote.reviewer == reviewer and vote.undone_at is None
            for vote in _votes(connection, session, episode)
        ):
            raise VotedError
        if not flag.wanted:
            raise DecidedError
        if by is not None and by != reviewer and flag.claimed_until > now:
            raise ClaimedError(by, flag.claimed_until)
        return flag

    def _claimed(self, connection: sa.Connection, flag: Flag, reviewer: str, now: int) -> Flag:
        until = now + round(self._settings.claim_s * 1000)
        return _changed(connection, flag, claimed_by=reviewer, claimed_until=until)

    def _weighed(self, connection: sa.Connection, flag: Flag, now: int, **values: Any) -> Flag:
        """The flag with what follows from its votes and who asked for more."""
        votes = _votes(connection, flag.session, flag.episode)
        labels = [vote.label for vote in votes if vote.undone_at is None]
        wanted = len(labels) < opinions_wanted(labels, second=flag.second)
        place = due(
            flag.at,
            live=flag.live,
            strength=flag.strength,
            votes=len(labels),
            settings=self._settings,
        )
        decided_at = None if wanted else flag.decided_at or now
        return _changed(
            connection,
            flag,
            votes=len(labels),
            wanted=wanted,
            due=place,
            outcome=None if wanted else outcome(labels),
            decided_at=decided_at,
            **values,
        )


def _flag(connection: sa.Connection, session: str, episode: str, *, lock: bool = False) -> Flag:
    query = sa.select(FLAGS).where(*_on(FLAGS, session, episode), FLAGS.c.presence == "there")
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownFlagError(session, episode)
    return flag_of(row)


def _votes(connection: sa.Connection, session: str, episode: str) -> list[Vote]:
    query = sa.select(VOTES).where(*_on(VOTES, session, episode)).order_by(VOTES.c.id)
    return [vote_of(row) for row in connection.execute(query)]


def _vote_by(votes: Collection[Vote], reviewer: str) -> Vote:
    for vote in votes:
        if vote.reviewer == reviewer and vote.undone_at is None:
            return vote
    raise NotVotedError


def _changed(connection: sa.Connection, flag: Flag, **values: Any) -> Flag:
    statement = sa.update(FLAGS).where(*_on(FLAGS, flag.session, flag.episode)).values(values)
    return flag_of(connection.execute(statement.returning(FLAGS)).one())


def _on(table: sa.Table, session: str, episode: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.session == session, table.c.episode == episode


def _same_flag() -> sa.ColumnElement[bool]:
    return sa.and_(VOTES.c.session == FLAGS.c.session, VOTES.c.episode == FLAGS.c.episode)


def _free(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return FLAGS.c.presence == "there", FLAGS.c.wanted.is_(True), FLAGS.c.claimed_until <= now


def _in_state(state: State | None, now: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The same as `rules.state`, for a database."""
    if state is None:
        return ()
    if state == "decided":
        return (~FLAGS.c.wanted,)
    if state == "claimed":
        return FLAGS.c.wanted, FLAGS.c.claimed_until > now
    voted = FLAGS.c.votes > 0
    return *_free(now), voted if state == "second" else ~voted
