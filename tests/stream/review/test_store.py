import contextlib
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.stream.review.faults import (
    ClaimedError,
    DecidedError,
    NotVotedError,
    ReviewError,
    TooLateError,
    UnknownFlagError,
    VotedError,
)
from tonewatch.stream.review.flags import Flag, Vote
from tonewatch.stream.review.rules import LABELS, Label, State, opinions_wanted, outcome
from tonewatch.stream.review.store import Reviews

from .world import NOON, Clock, episode, filled, opened

FIRST = ("s1", "customer-100")


@pytest.fixture
def reviews(tmp_path: Path, database: str | None, clock: Clock) -> Iterator[Reviews]:
    made = opened(tmp_path, database, clock)
    yield made
    made.close()


def test_the_most_urgent_flag_comes_first_and_each_goes_to_one_person(reviews: Reviews) -> None:
    filled(reviews, 300, 100, 200)
    reviews.intake.put("s2", episode("s2", 9000), started_at=NOON, live=True)
    order = [reviews.next(name) for name in ("anna", "ben", "cleo", "dora", "eve")]
    assert [flag.episode if flag else None for flag in order] == [
        "customer-9000",
        "customer-100",
        "customer-200",
        "customer-300",
        None,
    ]


def test_who_comes_back_gets_the_flag_that_he_still_holds(reviews: Reviews) -> None:
    filled(reviews, 100, 200)
    first = reviews.next("anna")
    assert first is not None
    assert reviews.next("anna") == first


def test_skipped_flags_come_not_again(reviews: Reviews) -> None:
    filled(reviews, 100, 200)
    first = reviews.next("anna")
    assert first is not None
    reviews.release(first.session, first.episode, "anna")
    following = reviews.next("anna", skip=[(first.session, first.episode)])
    assert following is not None
    assert following.episode == "customer-200"
    assert reviews.next("anna", skip=[FIRST, ("s1", "customer-200")]) is None


def test_one_of_two_who_click_wins_and_the_other_learns_who(reviews: Reviews) -> None:
    filled(reviews, 100)
    assert reviews.claim(*FIRST, "anna").claimed_by == "anna"
    with pytest.raises(ClaimedError, match="anna holds this flag until 12:05:00 UTC") as told:
        reviews.claim(*FIRST, "ben")
    assert told.value.by == "anna"
    with pytest.raises(ClaimedError):
        reviews.vote(*FIRST, "ben", "fearful", "")


def test_a_claim_lapses_unless_it_is_made_again(reviews: Reviews, clock: Clock) -> None:
    filled(reviews, 100)
    reviews.claim(*FIRST, "anna")
    clock.wait(200)
    reviews.claim(*FIRST, "anna")
    clock.wait(200)
    assert reviews.get(*FIRST).state(clock.ms) == "claimed"
    clock.wait(100)
    assert reviews.get(*FIRST).state(clock.ms) == "waiting"
    assert reviews.claim(*FIRST, "ben").claimed_by == "ben"


def test_a_flag_given_back_is_free_at_once(reviews: Reviews) -> None:
    filled(reviews, 100)
    reviews.claim(*FIRST, "anna")
    assert reviews.release(*FIRST, "ben").claimed_by == "anna"
    assert reviews.release(*FIRST, "anna").claimed_by is None
    assert reviews.claim(*FIRST, "ben").claimed_by == "ben"


def test_one_sure_vote_decides(reviews: Reviews, clock: Clock) -> None:
    filled(reviews, 100)
    assert reviews.waiting() == (1, NOON + 2000)
    flag = reviews.vote(*FIRST, "anna", "disgusted", "a sneer")
    assert (flag.state(clock.ms), flag.outcome, flag.votes) == ("decided", "disgusted", 1)
    assert reviews.waiting() == (0, None)
    with pytest.raises(DecidedError, match="ask for a second opinion"):
        reviews.vote(*FIRST, "ben", "fearful", "")
    with pytest.raises(VotedError, match="take your vote back"):
        reviews.claim(*FIRST, "anna")
    assert reviews.next("ben") is None


def test_doubt_asks_somebody_else(reviews: Reviews, clock: Clock) -> None:
    filled(reviews, 100)
    assert reviews.vote(*FIRST, "anna", "unsure", "").state(clock.ms) == "second"
    assert reviews.next("anna") is None
    assert reviews.next("ben") is not None
    flag = reviews.vote(*FIRST, "ben", "fearful", "")
    assert (flag.state(clock.ms), flag.outcome) == ("decided", "fearful")


def test_who_disagree_get_a_third_who_settles_it(reviews: Reviews, clock: Clock) -> None:
    filled(reviews, 100)
    reviews.second(*FIRST)
    reviews.vote(*FIRST, "anna", "fearful", "")
    assert reviews.vote(*FIRST, "ben", "disgusted", "").wanted
    assert reviews.vote(*FIRST, "cleo", "disgusted", "").outcome == "disgusted"


def test_a_decided_flag_opens_again_for_a_second_opinion(reviews: Reviews, clock: Clock) -> None:
    filled(reviews, 100)
    reviews.vote(*FIRST, "anna", "fearful", "")
    asked = reviews.second(*FIRST)
    assert (asked.state(clock.ms), asked.outcome, asked.second) == ("second", None, True)
    assert reviews.next("ben") is not None
    assert reviews.vote(*FIRST, "ben", "fearful", "").outcome == "fearful"


def test_a_vote_can_be_taken_back_for_a_while_and_stays_in_the_history(
    reviews: Reviews, clock: Clock
) -> None:
    filled(reviews, 100)
    reviews.vote(*FIRST, "anna", "fearful", "slip")
    clock.wait(599)
    flag = reviews.undo(*FIRST, "anna")
    assert (flag.state(clock.ms), flag.votes, flag.outcome) == ("waiting", 0, None)
    with pytest.raises(NotVotedError):
        reviews.votes(*FIRST, "anna")
    reviews.vote(*FIRST, "anna", "disgusted", "")
    (vote,) = reviews.votes(*FIRST, "anna")
    assert (vote.label, vote.blind) == ("disgusted", False)
    assert [(one.label, one.undone_at) for _, one in reviews.history()] == [
        ("fearful", NOON + 599_000),
        ("disgusted", None),
    ]
    clock.wait(601)
    with pytest.raises(TooLateError, match="for 600 s"):
        reviews.undo(*FIRST, "anna")
    with pytest.raises(NotVotedError):
        reviews.undo(*FIRST, "ben")


def test_votes_are_blind(reviews: Reviews) -> None:
    filled(reviews, 100)
    reviews.second(*FIRST)
    reviews.vote(*FIRST, "anna", "fearful", "trembling")
    with pytest.raises(NotVotedError, match="vote first"):
        reviews.votes(*FIRST, "ben")
    reviews.vote(*FIRST, "ben", "fearful", "")
    assert [vote.note for vote in reviews.votes(*FIRST, "ben")] == ["trembling", ""]


def test_states_are_listed_apart(reviews: Reviews) -> None:
    filled(reviews, 100, 200, 300, 400)
    reviews.vote("s1", "customer-200", "anna", "unsure", "")
    reviews.claim("s1", "customer-300", "anna")
    reviews.vote("s1", "customer-400", "anna", "both", "")

    def found(state: State | None) -> list[int]:
        return [flag.start for flag in reviews.listed(state)]

    assert found("waiting") == [100]
    assert found("second") == [200]
    assert found("claimed") == [300]
    assert found("decided") == [400]
    assert sorted(found(None)) == [100, 200, 300, 400]
    assert len(reviews.listed(None, limit=2)) == 2


def test_what_is_not_there_is_named(reviews: Reviews) -> None:
    for order in (
        lambda: reviews.get("s1", "customer-9"),
        lambda: reviews.claim("s1", "customer-9", "anna"),
        lambda: reviews.second("s1", "customer-9"),
    ):
        with pytest.raises(UnknownFlagError, match="flag s1/customer-9 is not in the queue"):
            order()


def test_everything_survives_a_restart(tmp_path: Path, database: str | None, clock: Clock) -> None:
    before = opened(tmp_path, database, clock)
    filled(before, 100, 200)
    before.vote(*FIRST, "anna", "fearful", "trembling")
    before.claim("s1", "customer-200", "anna")
    listed = before.listed()
    before.close()
    after = opened(tmp_path, database, clock)
    assert after.listed() == listed
    assert [vote.note for vote in after.votes(*FIRST, "anna")] == ["trembling"]
    after.close()


def test_two_servers_of_one_database_never_give_out_the_same_flag(
    tmp_path: Path, database: str | None, clock: Clock
) -> None:
    servers = [opened(tmp_path, database, clock) for _ in range(2)]
    filled(servers[0], *range(60))
    begin = threading.Barrier(6)

    def take(number: int) -> list[str]:
        reviews, name, won = servers[number % 2], f"reviewer {number}", []
        begin.wait()
        while (flag := reviews.next(name)) is not None:
            reviews.vote(flag.session, flag.episode, name, "both", "")
            won.append(flag.episode)
        return won

    with ThreadPoolExecutor(6) as pool:
        taken = [flag for won in pool.map(take, range(6)) for flag in won]
    assert sorted(taken) == sorted(f"customer-{start}" for start in range(60))
    for reviews in servers:
        reviews.close()


def test_the_loop_gets_what_reviewers_are_sure_of(reviews: Reviews) -> None:
    filled(reviews, 100, 200, 300)
    reviews.vote("s1", "customer-200", "anna", "both", "")
    reviews.vote(*FIRST, "anna", "neither", "")
    for name in ("anna", "ben", "cleo"):
        reviews.vote("s1", "customer-300", name, "unsure", "")
    found = [(one.episode, one.model, one.outcome) for one in reviews.decided()]
    assert sorted(found) == [
        ("customer-100", "fearful", "neither"),
        ("customer-200", "fearful", "both"),
    ]


REVIEWERS = ("anna", "ben", "cleo", "dora")
STARTS = (100, 200, 300)
order = st.tuples(
    st.sampled_from(["claim", "next", "release", "vote", "undo", "second", "wait"]),
    st.sampled_from(STARTS),
    st.sampled_from(REVIEWERS),
    st.sampled_from(LABELS),
)


@settings(max_examples=15)
@given(st.lists(order, max_size=25))
def test_whatever_people_do_the_queue_stays_whole(
    orders: list[tuple[str, int, str, Label]],
) -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        reviews = opened(Path(folder), None, clock)
        filled(reviews, *STARTS)
        for what, start, name, label in orders:
            with contextlib.suppress(ReviewError):
                act(reviews, clock, what, ("s1", f"customer-{start}"), name, label)
            check(reviews)
        reviews.close()


def act(
    reviews: Reviews, clock: Clock, what: str, flag: tuple[str, str], name: str, label: Label
) -> None:
    """What one person does, or time."""
    if what == "claim":
        reviews.claim(*flag, name)
    elif what == "next":
        reviews.next(name)
    elif what == "release":
        reviews.release(*flag, name)
    elif what == "vote":
        reviews.vote(*flag, name, label, "")
    elif what == "undo":
        reviews.undo(*flag, name)
    elif what == "second":
        reviews.second(*flag)
    else:
        clock.wait(200)


def check(reviews: Reviews) -> None:
    """What must hold of every queue at any time."""
    flags = reviews.listed()
    states = {state: reviews.listed(state) for state in get_args(State)}
    assert sorted(flag.start for found in states.values() for flag in found) == list(STARTS)
    for state, found in states.items():
        assert {flag.state(reviews.now) for flag in found} <= {state}
    assert reviews.waiting()[0] == len(states["waiting"]) + len(states["second"])
    for flag in flags:
        labels = [vote.label for vote in counting(reviews, flag)]
        assert flag.votes == len(labels)
        assert flag.wanted == (len(labels) < opinions_wanted(labels, second=flag.second))
        assert flag.outcome == (None if flag.wanted else outcome(labels))
        assert (flag.decided_at is None) == flag.wanted


def counting(reviews: Reviews, flag: Flag) -> tuple[Vote, ...]:
    """The votes that count, as one who has voted sees them; none where nobody has."""
    for name in REVIEWERS:
        with contextlib.suppress(NotVotedError):
            return reviews.votes(flag.session, flag.episode, name)
    return ()
