"""A flag in the queue and the votes on it, as they are read from the database."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..events import EpisodeKind
from .rules import Label, State, state


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag. Frames count the leg's 20 ms grid, moments are UTC milliseconds."""

    session: str
    episode: str
    """The episode's id without the session in front (`flag_name`)."""
    leg: str
    kind: EpisodeKind
    model: Label
    """What the model says of it. Not for people who have still to vote."""
    start: int
    stop: int
    strength: float
    """Points, see rules.strength."""
    live: bool
    at: int
    """When it was heard."""
    due: int
    """Its place in the queue, see rules.due."""
    second: bool
    """Whether two opinions were asked for."""
    votes: int
    wanted: bool
    """Whether a vote is still missing."""
    outcome: Label | None
    """What the reviewers say; null until decided."""
    decided_at: int | None
    claimed_by: str | None
    claimed_until: int
    presence: str
    """`there`, `away` or `erased` (tables.py)."""

    def state(self, now: int) -> State:
        """Where it stands at a moment."""
        return state(
            votes=self.votes, wanted=self.wanted, claimed_until=self.claimed_until, now=now
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One reviewer's answer."""

    session: str
    episode: str
    reviewer: str
    label: Label
    note: str
    at: int
    blind: bool
    """False if the reviewer had seen the model's answer and taken an earlier vote back."""
    undone_at: int | None
    """When it was taken back; such a vote counts nowhere."""


def flag_name(session: str, episode: str) -> str:
    """An episode's id as a part of a path: its session is told apart."""
    return episode.removeprefix(f"{session}/")


def flag_of(row: sa.Row[Any]) -> Flag:
    """A row of tables.FLAGS."""
    return Flag(**row._mapping)


def vote_of(row: sa.Row[Any]) -> Vote:
    """A row of tables.VOTES."""
    return Vote(**{name: value for name, value in row._mapping.items() if name != "id"})
