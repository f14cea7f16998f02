"""What the votes add up to: decided flags, agreement, the whole history."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from ..events import EpisodeKind
from .agreement import Agreement, Judged, agreement
from .flags import Flag, Vote, flag_of, vote_of
from .rules import Label
from .tables import FLAGS, VOTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A flag of which the reviewers are sure, and where to hear it."""

    session: str
    episode: str
    """The episode's id without the session in front."""
    leg: str
    kind: EpisodeKind
    start: int
    """Frame."""
    stop: int
    """First frame behind it."""
    model: Label
    outcome: Label
    """Never `unsure`."""
    decided_at: int
    """UTC milliseconds."""


def decided_in(connection: sa.Connection) -> tuple[Decided, ...]:
    """Flags whose session is there and of which the reviewers are sure, oldest decision first."""
    names = (name for name in Decided.__dataclass_fields__)
    query = (
        sa.select(*(FLAGS.c[name] for name in names))
        .where(FLAGS.c.presence == "there", ~FLAGS.c.wanted, FLAGS.c.outcome != "unsure")
        .order_by(FLAGS.c.decided_at, FLAGS.c.session, FLAGS.c.episode)
    )
    return tuple(Decided(**row._mapping) for row in connection.execute(query))


def agreement_of(connection: sa.Connection) -> Agreement:
    """Agreement over everything, deleted sessions included.

    Only blind votes count: among reviewers those, and with the model the flags that have no other.
    """
    flags = {
        (flag.session, flag.episode): flag
        for flag in map(flag_of, connection.execute(sa.select(FLAGS).where(FLAGS.c.votes > 0)))
    }
    votes: dict[tuple[str, str], list[Vote]] = defaultdict(list)
    for vote in map(vote_of, connection.execute(_counting())):
        votes[vote.session, vote.episode].append(vote)
    judged = [
        Judged(kind=flag.kind, model=flag.model, outcome=flag.outcome, day=_day(flag.decided_at))
        for key, flag in flags.items()
        if flag.outcome and flag.decided_at and all(vote.blind for vote in votes[key])
    ]
    blind = [[vote.label for vote in votes[key] if vote.blind] for key in flags]
    return agreement(blind, judged)


def votes_on_decided(connection: sa.Connection) -> tuple[tuple[Flag, Vote], ...]:
    """Every vote on decided flags, those taken back too, in the order in which they came."""
    decided = sa.select(FLAGS).where(FLAGS.c.outcome.is_not(None))
    flags = {
        (flag.session, flag.episode): flag for flag in map(flag_of, connection.execute(decided))
    }
    votes = map(vote_of, connection.execute(sa.select(VOTES).order_by(VOTES.c.id)))
    found = ((flags.get((vote.session, vote.episode)), vote) for vote in votes)
    return tuple((flag, vote) for flag, vote in found if flag is not None)


def _counting() -> sa.Select[tuple[object, ...]]:
    return sa.select(VOTES).where(VOTES.c.undone_at.is_(None)).order_by(VOTES.c.id)


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d}"
