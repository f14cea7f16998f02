"""What can be wrong with an order to the queue; each message names the thing and the way out."""

from datetime import UTC, datetime


class ReviewError(Exception):
    """An order that the queue does not carry out."""


class UnknownFlagError(ReviewError):
    """There is no such flag, or its session is gone."""

    def __init__(self, session: str, episode: str) -> None:
        super().__init__(f"flag {session}/{episode} is not in the queue")


class ClaimedError(ReviewError):
    """Somebody else holds the flag."""

    def __init__(self, by: str, until: int) -> None:
        moment = datetime.fromtimestamp(until / 1000, UTC)
        super().__init__(f"{by} holds this flag until {moment:%H:%M:%S} UTC; take another one")
        self.by = by


class DecidedError(ReviewError):
    """The flag needs no more votes."""

    def __init__(self) -> None:
        super().__init__("this flag is decided; ask for a second opinion to vote on it")


class VotedError(ReviewError):
    """Nobody votes twice on one flag."""

    def __init__(self) -> None:
        super().__init__("you have voted on this flag; take your vote back to change it")


class NotVotedError(ReviewError):
    """The model's answer and other people's votes are shown after one's own vote."""

    def __init__(self) -> None:
        super().__init__("vote first: reviews are blind, the answer is shown afterwards")


class TooLateError(ReviewError):
    """A vote can be taken back for a while only."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"a vote can be taken back for {seconds:g} s; ask for a second opinion")


class UnavailableError(ReviewError):
    """The database does not answer."""
