from collections.abc import Iterator
from pathlib import Path

import pytest

from tonewatch.stream.review.intake import Held
from tonewatch.stream.review.store import Reviews

from .world import MINUTE, NOON, Clock, episode, filled, opened

FIRST = ("s1", "customer-100")
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def reviews(tmp_path: Path, database: str | None, clock: Clock) -> Iterator[Reviews]:
    made = opened(tmp_path, database, clock)
    yield made
    made.close()


def test_an_episode_that_moves_keeps_what_reviewers_did(reviews: Reviews) -> None:
    filled(reviews, 100, stop=150)
    reviews.claim(*FIRST, "anna")
    filled(reviews, 100, stop=400, kind="dual")
    flag = reviews.get(*FIRST)
    assert (flag.stop, flag.kind, flag.model, flag.claimed_by) == (400, "dual", "both", "anna")
    reviews.vote(*FIRST, "anna", "both", "")
    filled(reviews, 100, stop=500)
    assert reviews.get(*FIRST).outcome == "both"


def test_the_moment_of_a_flag_follows_from_its_frame(reviews: Reviews) -> None:
    filled(reviews, 100)
    assert reviews.get(*FIRST).at == NOON + 2000


def test_a_call_that_ends_loses_its_head_start(reviews: Reviews) -> None:
    reviews.intake.put("s1", episode(), started_at=NOON, live=True)
    before = reviews.get(*FIRST)
    reviews.intake.ended("s1")
    after = reviews.get(*FIRST)
    assert (before.live, after.live) == (True, False)
    assert after.due - before.due == 60 * MINUTE


def test_flags_of_a_session_that_is_away_wait_for_it(reviews: Reviews) -> None:
    filled(reviews, 100)
    reviews.intake.away("s1")
    assert reviews.listed() == ()
    assert reviews.waiting() == (0, None)
    assert reviews.next("anna") is None
    assert reviews.intake.held()["s1"].away
    filled(reviews, 100)
    assert len(reviews.listed()) == 1


def test_deletion_leaves_labels_and_the_day_and_nothing_else(reviews: Reviews) -> None:
    filled(reviews, 100, 200)
    reviews.vote(*FIRST, "anna", "fearful", "she says her name")
    before = reviews.agreement()
    reviews.intake.erase("s1")
    ((flag, vote),) = reviews.history()
    assert (flag.kind, flag.model, flag.outcome) == ("needs_review", "fearful", "fearful")
    assert (vote.reviewer, vote.label, vote.note) == ("anna", "fearful", "")
    assert (flag.leg, flag.start, flag.stop, flag.strength) == ("", 0, 0, 0.0)
    assert flag.at % DAY_MS == 0
    assert reviews.agreement() == before
    assert reviews.listed() == reviews.decided() == ()
    assert reviews.intake.held() == {}


def test_what_was_erased_does_not_come_back(reviews: Reviews) -> None:
    filled(reviews, 100)
    reviews.vote(*FIRST, "anna", "fearful", "")
    for _ in range(2):
        reviews.intake.erase("s1")
        filled(reviews, 100)
    assert reviews.listed() == ()


def test_single_flags_are_erased_without_the_others(reviews: Reviews) -> None:
    filled(reviews, 100, 200)
    reviews.vote(*FIRST, "anna", "fearful", "a note")
    reviews.intake.erase("s1", frozenset({"customer-200"}))
    assert [flag.episode for flag in reviews.listed()] == ["customer-100"]
    assert [vote.note for vote in reviews.votes(*FIRST, "anna")] == ["a note"]


def test_what_is_held_is_told_by_session(reviews: Reviews) -> None:
    filled(reviews, 100, 200)
    reviews.intake.put("s2", episode("s2", 300), started_at=NOON, live=True)
    assert reviews.intake.held() == {
        "s1": Held(episodes=frozenset({"customer-100", "customer-200"}), away=False, live=False),
        "s2": Held(episodes=frozenset({"customer-300"}), away=False, live=True),
    }


def test_a_share_of_flags_asks_for_two_opinions(
    tmp_path: Path, database: str | None, clock: Clock
) -> None:
    reviews = opened(tmp_path, database, clock, second_share=1.0)
    filled(reviews, 100)
    assert reviews.vote(*FIRST, "anna", "fearful", "").wanted
    assert not reviews.vote(*FIRST, "ben", "fearful", "").wanted
    reviews.close()
