"""What the REST interface answers about reviews."""

from dataclasses import dataclass

from ..stream.events import Episode, EpisodeKind
from ..stream.review.agreement import Agreement
from ..stream.review.rules import Label, State
from ..stream.review.snippet import Curves


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A flag in the queue. Nothing in it tells what the model thinks before it is decided."""

    session: str
    session_name: str
    episode: str
    """The episode's id without its session in front."""
    leg: str
    kind: EpisodeKind | None
    """Null until decided: `dual`, for one, is an answer of the model."""
    start_s: float
    """Seconds from the leg's first sample."""
    end_s: float
    sound_start_s: float
    """Where the sound that is played begins; the flag lies inside it."""
    at: str
    """When it was heard, UTC."""
    state: State
    urgency: float
    """Minutes that it has waited, head starts counted; the larger, the sooner."""
    claimed_by: str | None
    claimed_until: str | None
    votes: int
    second_wanted: bool
    outcome: Label | None
    """What the reviewers say; null until decided."""
    sound: bool
    """Whether its sound is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQueue:
    """Flags in one state, the most urgent first."""

    waiting: int
    """Flags that wait for somebody, second opinions among them."""
    oldest_at: str | None
    """When the one that has waited longest was heard, UTC."""
    items: tuple[ReviewItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewVote:
    """A vote that counts."""

    reviewer: str
    label: Label
    note: str
    at: str
    blind: bool
    """False if the reviewer had seen the model's answer before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What the model says of a flag, and everybody who has voted."""

    episode: Episode
    frames: Curves
    votes: tuple[ReviewVote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewVoted:
    """A vote was taken."""

    item: ReviewItem
    answer: ReviewAnswer


ALL: tuple[type, ...] = (ReviewItem, ReviewQueue, ReviewVote, ReviewAnswer, ReviewVoted, Agreement)
