from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.review.rules import (
    LABELS,
    MOST_OPINIONS,
    Label,
    due,
    model_label,
    opinions_wanted,
    outcome,
    second_by_lot,
    state,
    strength,
    urgency,
)
from tonewatch.stream.review.settings import ReviewSettings

from .world import MINUTE, NOON, episode

labels = st.lists(st.sampled_from(LABELS), max_size=6)
SETTINGS = ReviewSettings(live_lead_min=60, strength_lead_min=10, second_lag_min=30)


@pytest.mark.parametrize(
    ("votes", "decided"),
    [
        ([], "unsure"),
        (["unsure", "unsure"], "unsure"),
        (["fearful"], "fearful"),
        (["fearful", "unsure"], "fearful"),
        (["fearful", "disgusted"], "unsure"),
        (["fearful", "disgusted", "fearful"], "fearful"),
        (["both", "neither", "disgusted"], "unsure"),
    ],
)
def test_what_most_reviewers_say_counts(votes: list[Label], decided: Label) -> None:
    assert outcome(votes) == decided


@given(labels, st.randoms())
def test_the_order_of_the_votes_does_not_matter(votes: list[Label], random: Random) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert outcome(shuffled) == outcome(votes)


@pytest.mark.parametrize(
    ("votes", "second", "wanted"),
    [
        ([], False, 1),
        ([], True, 2),
        (["fearful"], False, 1),
        (["fearful"], True, 2),
        (["unsure"], False, 2),
        (["unsure", "unsure"], False, 3),
        (["fearful", "disgusted"], True, 3),
        (["fearful", "disgusted", "both"], True, 3),
    ],
)
def test_doubt_and_disagreement_ask_for_one_more(
    votes: list[Label], second: bool, wanted: int
) -> None:
    assert opinions_wanted(votes, second=second) == wanted


@given(st.lists(st.sampled_from(LABELS), min_size=MOST_OPINIONS), st.booleans())
def test_nobody_asks_for_opinions_without_end(votes: list[Label], second: bool) -> None:
    assert opinions_wanted(votes, second=second) <= MOST_OPINIONS


@given(labels, st.booleans())
def test_a_flag_is_left_undecided_only_after_all_opinions(votes: list[Label], second: bool) -> None:
    if len(votes) >= opinions_wanted(votes, second=second) and outcome(votes) == "unsure":
        assert len(votes) >= MOST_OPINIONS


def test_the_model_votes_as_its_flag_says() -> None:
    assert model_label(episode(kind="dual")) == "both"
    assert model_label(episode(kind="lost_to_neutral")) == "neither"
    assert model_label(episode(fear=70, disgust=62)) == "fearful"
    assert model_label(episode(fear=62, disgust=70)) == "disgusted"


def test_the_strength_does_not_tell_which_of_the_two_is_stronger() -> None:
    assert strength(episode(fear=80, disgust=40)) == strength(episode(fear=40, disgust=80)) == 60


def test_the_share_of_second_opinions_is_drawn_once_for_all() -> None:
    names = [f"customer-{number}" for number in range(2000)]
    drawn = [second_by_lot("s1", name, 0.1) for name in names]
    assert drawn == [second_by_lot("s1", name, 0.1) for name in names]
    assert 150 < sum(drawn) < 250
    assert not any(second_by_lot("s1", name, 0.0) for name in names)
    assert all(second_by_lot("s1", name, 1.0) for name in names)


def place(at: int = NOON, *, live: bool = False, points: float = 0.0, votes: int = 0) -> int:
    return due(at, live=live, strength=points, votes=votes, settings=SETTINGS)


def test_live_calls_and_strong_flags_go_first_and_second_opinions_later() -> None:
    assert place(live=True) == NOON - 60 * MINUTE
    assert place(points=100) == NOON - 10 * MINUTE
    assert place(votes=1) == NOON + 30 * MINUTE
    assert place(NOON - 61 * MINUTE) < place(live=True)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 100), st.booleans())
def test_who_waits_longer_is_more_urgent(first: int, second: int, p: float, live: bool) -> None:
    now = NOON + 10**6
    one, other = (place(NOON + at, live=live, points=p) for at in sorted((first, second)))
    assert urgency(one, now) >= urgency(other, now)


@pytest.mark.parametrize(
    ("votes", "wanted", "until", "found"),
    [
        (0, True, 0, "waiting"),
        (0, True, NOON, "waiting"),
        (0, True, NOON + 1, "claimed"),
        (1, True, 0, "second"),
        (1, True, NOON + 1, "claimed"),
        (1, False, 0, "decided"),
    ],
)
def test_a_claim_lapses_by_itself(votes: int, wanted: bool, until: int, found: str) -> None:
    assert state(votes=votes, wanted=wanted, claimed_until=until, now=NOON) == found
