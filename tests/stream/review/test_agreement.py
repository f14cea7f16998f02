import math
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.review.agreement import Judged, agreement, krippendorff
from tonewatch.stream.review.rules import LABELS, Label

units = st.lists(st.lists(st.sampled_from("abcd"), max_size=5), max_size=12)


def columns(*judges: str) -> list[list[str]]:
    """What each judge gave to each unit, one judge a text, `.` where nothing."""
    return [[value for value in unit if value != "."] for unit in zip(*judges, strict=True)]


def test_the_published_examples_come_out() -> None:
    """Krippendorff 2011, sections A (two judges, binary) and C (four judges, gaps)."""
    two = columns("0100000000", "1110010100")
    four = columns("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    assert krippendorff(two) == pytest.approx(0.095, abs=5e-4)
    assert krippendorff(four) == pytest.approx(0.743, abs=5e-4)


def by_pairs(found: list[list[str]]) -> float | None:
    """The same by its meaning: observed over expected share of differing pairs."""
    pairable = [values for values in found if len(values) > 1]
    everything = [value for values in pairable for value in values]
    n = len(everything)
    if len(set(everything)) < 2:
        return None
    observed = math.fsum(
        sum(one != other for one, other in permutations(values, 2)) / (len(values) - 1)
        for values in pairable
    )
    expected = sum(one != other for one, other in permutations(everything, 2))
    return 1 - (observed / n) / (expected / (n * (n - 1)))


@given(units)
def test_alpha_is_what_its_meaning_says(found: list[list[str]]) -> None:
    alpha, meant = krippendorff(found), by_pairs(found)
    assert (alpha is None) == (meant is None)
    if alpha is not None and meant is not None:
        assert alpha == pytest.approx(meant, abs=1e-9)
        assert alpha <= 1 + 1e-9


def test_alpha_is_one_where_all_agree_and_undefined_where_nothing_differs() -> None:
    assert krippendorff(["aa", "bbb"]) == 1
    assert krippendorff(["aa", "aa"]) is None
    assert krippendorff(["a", "b"]) is None
    assert krippendorff([]) is None


def judged(model: Label, outcome: Label, day: str = "2026-11-21", kind: str = "dual") -> Judged:
    return Judged(kind=kind, model=model, outcome=outcome, day=day)


def test_the_model_is_counted_by_kind_and_day() -> None:
    found = agreement(
        [],
        [
            judged("both", "both"),
            judged("both", "fearful", "2026-11-20"),
            judged("fearful", "fearful", "2026-11-20", "needs_review"),
            judged("both", "unsure"),
        ],
    )
    assert (found.model.agree, found.model.decided) == (2, 3)
    kinds = {kind: (one.agree, one.decided) for kind, one in found.model.by_kind.items()}
    assert kinds == {"dual": (1, 2), "needs_review": (1, 1)}
    days = [(day.day, day.decided, day.model_agrees) for day in found.over_time]
    assert days == [("2026-11-20", 2, 1), ("2026-11-21", 1, 1)]


def test_votes_without_an_opinion_do_not_count_among_reviewers() -> None:
    opinions: list[Sequence[Label]] = [
        ["fearful", "fearful"],
        ["disgusted", "unsure"],
        ["both", "neither", "both"],
        ["unsure", "unsure"],
        [],
    ]
    found = agreement(opinions, []).reviewers
    assert (found.flags, found.pairs) == (2, 4)
    assert found.alpha == pytest.approx(krippendorff([opinions[0], opinions[2]]))


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS))))
def test_counts_add_up(pairs: list[tuple[Label, Label]]) -> None:
    found = agreement([], [judged(model, outcome) for model, outcome in pairs])
    assert sum(day.decided for day in found.over_time) == found.model.decided
    assert sum(kind.agree for kind in found.model.by_kind.values()) == found.model.agree
    assert found.model.agree <= found.model.decided <= len(pairs)
