import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.stream.record.world import hear, made, rows, session

from tonewatch.stream.bus import Bus, Missed
from tonewatch.stream.events import (
    Episode,
    EpisodeChanged,
    Fault,
    Mark,
    SessionChanged,
    SessionDeleted,
)
from tonewatch.stream.record.audit import AuditLog
from tonewatch.stream.record.removal import Remover
from tonewatch.stream.review.faults import UnavailableError
from tonewatch.stream.review.intake import Intake
from tonewatch.stream.review.keeper import Keeper, keeping
from tonewatch.stream.review.store import Reviews
from tonewatch.stream.session import ERASED
from tonewatch.stream.store import Store

from .world import Clock, episode, opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Store]:
    made_ = Store(tmp_path)
    yield made_
    made_.close()


@pytest.fixture
def reviews(tmp_path: Path, database: str | None, clock: Clock) -> Iterator[Reviews]:
    made_ = opened(tmp_path, database, clock)
    yield made_
    made_.close()


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def keeper(reviews: Reviews, index: Store, tmp_path: Path, faults: list[Fault]) -> Keeper:
    return Keeper(reviews.intake, index, tmp_path, faults.append)


def told(found: Episode, id: str = "s1") -> EpisodeChanged:
    return EpisodeChanged(session=id, episode=found, captured_at_ns=0)


def past(output: Path, index: Store, *starts: int, id: str = "s1") -> Path:
    """A session that ended with these flags, known to the index."""
    folder = made(output, session(id))
    hear(folder, 0, 200)
    folder.settle("customer", 0, rows(0, 200))
    for start in starts:
        folder.log(told(episode(id, start), id))
    info = replace(folder.info, state="ended", ended_at="2026-11-21T06:00:00Z")
    for _ in folder.end(info):
        pass
    index.add(folder.path)
    return folder.path


def names(reviews: Reviews) -> list[str]:
    return [flag.episode for flag in reviews.listed()]


def test_a_running_call_s_flags_come_at_once(keeper: Keeper, reviews: Reviews) -> None:
    info = session()
    keeper.tell(SessionChanged(session=info))
    keeper.tell(told(replace(episode(), state="open")))
    (flag,) = reviews.listed()
    assert (flag.episode, flag.live) == ("customer-100", True)
    keeper.tell(told(replace(episode(), end=300)))
    keeper.tell(SessionChanged(session=replace(info, state="ended")))
    (flag,) = reviews.listed()
    assert (flag.stop, flag.live) == (300, False)


def test_an_open_episode_is_written_as_it_grows_by_the_second(
    keeper: Keeper, reviews: Reviews
) -> None:
    keeper.tell(SessionChanged(session=session()))
    ends = []
    for end in (110, 134, 158, 182, 206):
        keeper.tell(told(replace(episode(), state="open", end=end)))
        ends.append(reviews.listed()[0].stop)
    assert ends == [110, 110, 110, 182, 182]
    keeper.tell(told(replace(episode(), state="open", end=208, kind="dual")))
    assert reviews.listed()[0].stop == 208
    keeper.tell(told(replace(episode(), end=209)))
    assert reviews.listed()[0].stop == 209


def test_a_recording_that_is_played_is_nobody_on_the_line(keeper: Keeper, reviews: Reviews) -> None:
    keeper.tell(SessionChanged(session=replace(session(), pace="file")))
    keeper.tell(told(episode()))
    assert not reviews.listed()[0].live


@pytest.mark.parametrize(
    "end", [SessionDeleted(session="s1"), Mark(session="s1", name=ERASED, at=0)]
)
def test_deletion_and_withdrawn_scores_empty_the_queue(
    keeper: Keeper, reviews: Reviews, end: SessionDeleted | Mark
) -> None:
    keeper.tell(SessionChanged(session=session()))
    keeper.tell(told(episode()))
    keeper.tell(Mark(session="s1", name="scoring stopped", at=0))
    assert names(reviews) == ["customer-100"]
    keeper.tell(end)
    assert names(reviews) == []


def test_sessions_that_came_without_the_bus_are_found(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    past(tmp_path, index, 50, 100)
    past(tmp_path, index, id="s2")
    for _ in range(2):
        keeper.reconcile()
        assert names(reviews) == ["customer-50", "customer-100"]


def test_reviews_outlive_the_index(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    past(tmp_path, index, 50, 100)
    keeper.reconcile()
    reviews.vote("s1", "customer-50", "anna", "fearful", "a sob")
    index.forget("s1")
    index.rebuild()
    keeper.reconcile()
    assert [vote.note for vote in reviews.votes("s1", "customer-50", "anna")] == ["a sob"]
    assert len(reviews.listed()) == 2


def test_a_folder_that_is_not_there_takes_no_vote_with_it(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    folder = past(tmp_path, index, 50)
    keeper.reconcile()
    reviews.vote("s1", "customer-50", "anna", "fearful", "a sob")
    folder.rename(tmp_path / "elsewhere")
    index.rebuild()
    keeper.reconcile()
    assert reviews.listed() == ()
    (tmp_path / "elsewhere").rename(folder)
    index.rebuild()
    keeper.reconcile()
    assert [vote.note for vote in reviews.votes("s1", "customer-50", "anna")] == ["a sob"]


def test_a_session_that_was_deleted_meanwhile_is_erased(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    folder = past(tmp_path, index, 50)
    keeper.reconcile()
    reviews.vote("s1", "customer-50", "anna", "fearful", "a sob")
    Remover(tmp_path, AuditLog(tmp_path / "audit.jsonl")).delete(folder, who="x", reason="old")
    index.rebuild()
    keeper.reconcile()
    ((flag, vote),) = reviews.history()
    assert (flag.presence, vote.note) == ("erased", "")


def test_flags_that_a_session_no_longer_has_are_erased(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    folder = past(tmp_path, index, 50, 100)
    keeper.reconcile()
    (folder / "events.jsonl").write_bytes(b"")
    index.add(folder)
    keeper.reconcile()
    assert names(reviews) == []


def test_a_call_that_still_runs_is_left_alone(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    running = made(tmp_path)
    index.add(running.path)
    keeper.tell(SessionChanged(session=running.info))
    keeper.tell(told(episode()))
    keeper.reconcile()
    assert reviews.listed()[0].live
    shutil.rmtree(running.path)
    index.rebuild()
    keeper.reconcile()
    assert names(reviews) == ["customer-100"]


def test_a_broken_receipt_is_not_taken_for_a_deletion(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    folder = past(tmp_path, index, 50)
    keeper.reconcile()
    receipts = tmp_path / "receipts"
    receipts.mkdir()
    (receipts / "half.json").write_text('{"session": "s1", "wh')
    (receipts / "part.json").write_text(json.dumps({"session": "s1", "whole": False}))
    shutil.rmtree(folder)
    index.rebuild()
    keeper.reconcile()
    assert reviews.intake.held()["s1"].away


class Away(Intake):
    """An intake whose database is away until it is told otherwise."""

    def __init__(self, real: Intake) -> None:
        self.real, self.gone = real, True

    def __getattribute__(self, name: str) -> Any:
        if name in ("real", "gone"):
            return object.__getattribute__(self, name)
        if self.gone:
            raise UnavailableError("the reviews' database does not answer: gone")
        return getattr(self.real, name)


def test_what_a_database_missed_while_it_was_away_is_brought_in_afterwards(
    reviews: Reviews, index: Store, tmp_path: Path, faults: list[Fault]
) -> None:
    away = Away(reviews.intake)
    keeper = Keeper(away, index, tmp_path, faults.append)
    running = made(tmp_path)
    index.add(running.path)
    keeper.tell(SessionChanged(session=running.info))
    running.log(told(episode()))
    keeper.tell(told(episode()))
    keeper.reconcile()
    assert [(fault.code, fault.active) for fault in faults] == [("reviews", True)]
    assert "does not answer" in faults[0].message
    away.gone = False
    keeper.reconcile()
    assert names(reviews) == ["customer-100"]
    assert reviews.listed()[0].live
    assert [fault.active for fault in faults] == [True, False]


def test_what_a_full_mailbox_lost_is_brought_in_afterwards(
    keeper: Keeper, reviews: Reviews, index: Store, tmp_path: Path
) -> None:
    running = made(tmp_path)
    index.add(running.path)
    keeper.tell(SessionChanged(session=running.info))
    running.log(told(episode()))
    keeper.reconcile()
    assert names(reviews) == []
    keeper.tell(Missed(count=1))
    keeper.reconcile()
    assert names(reviews) == ["customer-100"]


def test_the_bus_is_followed_in_a_thread_of_its_own(keeper: Keeper, reviews: Reviews) -> None:
    bus = Bus()
    with keeping(bus, keeper):
        bus.publish(SessionChanged(session=session()))
        bus.publish(told(episode()))
    assert names(reviews) == ["customer-100"]
    assert bus.statistics().mailboxes == ()
