"""Calls whose flags wait for a person."""

from dataclasses import replace
from pathlib import Path

from tests.stream.record.world import hear, made, rows, session
from tests.stream.review.world import episode

from tonewatch.stream.events import EpisodeChanged
from tonewatch.stream.findings import TieBreak
from tonewatch.stream.review.keeper import Keeper
from tonewatch.stream.session import Session

from .home import Home, until


def flagged(house: Home, name: str = "desk 7") -> Session:
    """A past call with at least one flag in the queue."""
    session = house.past("customer", "agent", name=name, seconds=8)
    until(lambda: any(f.session == session.id for f in house.parts.reviews.listed()), "the flag")
    return session


def past_call(output: Path, flags: int) -> Path:
    """The folder of a call that ended with so many flags."""
    folder = made(output, session("s1"))
    hear(folder, 0, 200)
    folder.settle("customer", 0, rows(0, 200))
    for number in range(flags):
        told = replace(
            episode("s1", number, stop=number + 10),
            crossing=number + 5,
            enhanced=True,
            floor_rise=-4.0,
            tie_break=TieBreak(
                start=number,
                end=number + 10,
                fear=71.0,
                disgust=70.0,
                similarity=10.0,
                fear_enhanced=46.6,
                disgust_enhanced=78.0,
                centres="1",
            ),
        )
        folder.log(EpisodeChanged(session="s1", episode=told, captured_at_ns=0))
    for _ in folder.end(replace(folder.info, state="ended", ended_at="2026-11-21T06:00:00Z")):
        pass
    return folder.path


def waiting(house: Home, flags: int) -> None:
    """A past call whose flags wait."""
    parts = house.parts
    parts.store.add(past_call(parts.output, flags))
    Keeper(parts.reviews.intake, parts.store, parts.output, parts.bus.publish).reconcile()
