"""`tonewatch bench hops`."""

import pytest

from tonewatch.commands.bench_hops import _matches, run_hops
from tonewatch.stream.sources.demo import demo_call


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ([], [], 0),
        ([(0, 50)], [(0, 50)], 1),
        ([(0, 50)], [(15, 35)], 1),
        ([(0, 50)], [(16, 50)], 0),
        ([(0, 50), (5, 50)], [(0, 50)], 1),
    ],
)
def test_flags_agree_within_three_tenths_of_a_second_each_once(
    one: list[tuple[int, int]], other: list[tuple[int, int]], count: int
) -> None:
    assert _matches(one, other) == count


@pytest.mark.slow
def test_two_hops_of_the_demo_call_are_compared() -> None:
    figures = run_hops([demo_call()], "compact", (240, 480), progress=lambda line: None)
    assert figures["recordings"] == 1
    assert 0 <= figures["agree_within_0.3_s"] <= 1
