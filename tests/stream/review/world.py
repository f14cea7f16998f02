"""Flags and reviewers for the tests of the queue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tonewatch.stream.events import Episode, EpisodeKind
from tonewatch.stream.review.settings import ReviewSettings
from tonewatch.stream.review.store import Reviews

NOON = 1_795_262_400_000
"""21 November 2026, 12:00 UTC, in milliseconds."""
MINUTE = 60_000


class Clock:
    """Turned by hand."""

    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms

    def wait(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


def episode(
    session: str = "s1",
    start: int = 100,
    *,
    kind: EpisodeKind = "needs_review",
    stop: int = 150,
    fear: float = 70.0,
    disgust: float = 62.0,
) -> Episode:
    return Episode(
        id=f"{session}/customer-{start}",
        leg="customer",
        kind=kind,
        state="closed",
        start=start,
        end=stop,
        peak=start + 5,
        fear=fear,
        disgust=disgust,
        reason_en="close",
        reason_zh="接近",
    )


def opened(
    output: Path, database: str | None, clock: Callable[[], int], **settings: Any
) -> Reviews:
    wanted: dict[str, Any] = {"second_share": 0.0} | settings
    url = SecretStr(database) if database else None
    return Reviews(output, ReviewSettings(database=url, **wanted), clock)


def filled(reviews: Reviews, *starts: int, session: str = "s1", **facts: Any) -> None:
    """Flags of one session, each begun at its own frame."""
    for start in starts:
        reviews.intake.put(session, episode(session, start, **facts), started_at=NOON, live=False)
