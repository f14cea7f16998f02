"""How far reviewers agree with each other, and the model with them; pure.

Krippendorff's alpha for nominal data: K. Krippendorff, "Computing Krippendorff's
Alpha-Reliability" (2011), section C: 1 is perfect, 0 is what chance would give, below 0 is worse.
It allows any number of reviewers, who need not have judged the same flags.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from .rules import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decided flag, as far as agreement is concerned."""

    kind: str
    model: Label
    """What the model said."""
    outcome: Label
    """What the reviewers decided."""
    day: str
    """UTC date of the decision, YYYY-MM-DD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """Agreement among reviewers."""

    alpha: float | None
    """Krippendorff's alpha; null while nothing can differ (no pair, or one label only)."""
    pairs: int
    """Pairs of votes on the same flag."""
    flags: int
    """Flags with two sure votes or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often the model said what the reviewers decided."""

    agree: int
    decided: int
    """Flags on which the reviewers were sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithModel:
    """Agreement of the model with the reviewers."""

    agree: int
    decided: int
    by_kind: dict[str, Count]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's decisions."""

    day: str
    """UTC date, YYYY-MM-DD."""
    decided: int
    model_agrees: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Everything that is known of agreement. Votes that were not blind or not sure do not count."""

    reviewers: Among
    model: WithModel
    over_time: tuple[Day, ...]
    """Oldest day first; days without a decision are left out."""


def krippendorff(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Alpha of nominal values: for each unit the values that its judges gave, at most 1.

    None where it is not defined: no unit with two values, or only one value in all of them.
    """
    weight: dict[tuple[Hashable, Hashable], float] = defaultdict(float)
    for values in units:
        if len(values) < 2:
            continue
        for pair, count in Counter(permutations(values, 2)).items():
            weight[pair] += count / (len(values) - 1)
    totals: dict[Hashable, float] = defaultdict(float)
    for (value, _), share in weight.items():
        totals[value] += share
    n = sum(totals.values())
    expected = n * n - sum(total * total for total in totals.values())
    if len(totals) < 2:
        return None
    observed = sum(share for (one, other), share in weight.items() if one != other)
    return 1 - (n - 1) * observed / expected


def agreement(opinions: Iterable[Sequence[Label]], judged: Iterable[Judged]) -> Agreement:
    """All of it: `opinions` are the blind votes of each flag, `judged` the decided flags."""
    sure = [[label for label in labels if label != "unsure"] for labels in opinions]
    units = [labels for labels in sure if len(labels) > 1]
    clear = [one for one in judged if one.outcome != "unsure"]
    return Agreement(
        reviewers=Among(
            alpha=krippendorff(units),
            pairs=sum(len(labels) * (len(labels) - 1) // 2 for labels in units),
            flags=len(units),
        ),
        model=WithModel(
            agree=_agree(clear),
            decided=len(clear),
            by_kind={
                kind: Count(agree=_agree(group), decided=len(group))
                for kind, group in _grouped(clear, lambda one: one.kind)
            },
        ),
        over_time=tuple(
            Day(day=day, decided=len(group), model_agrees=_agree(group))
            for day, group in _grouped(clear, lambda one: one.day)
        ),
    )


def _agree(group: Iterable[Judged]) -> int:
    return sum(one.model == one.outcome for one in group)


def _grouped(
    judged: Iterable[Judged], key: Callable[[Judged], str]
) -> list[tuple[str, list[Judged]]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[key(one)].append(one)
    return sorted(groups.items())
