import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.commands.bench_models_queue import Arrival, capacity, simulate

HOP_S = 0.5


def talk(cost: float, seconds: float = 60.0) -> list[Arrival]:
    """A call in which somebody speaks all the time."""
    return [Arrival(at=HOP_S * number, cost=cost) for number in range(int(seconds / HOP_S))]


def test_one_call_is_answered_after_what_its_windows_cost() -> None:
    held = simulate(talk(0.1), 60.0, 1, hop_s=HOP_S)
    assert held.p50_ms == pytest.approx(100)
    assert held.p95_ms == pytest.approx(100)
    assert held.busy == pytest.approx(0.2, abs=0.01)
    assert held.lost == 0


def test_what_does_not_fit_is_superseded_and_not_held() -> None:
    held = simulate(talk(0.1), 60.0, 8, hop_s=HOP_S)
    assert held.lost > 0.2
    assert not held.ok


def test_a_stretched_hop_holds_more() -> None:
    plain = capacity(lambda n: simulate(talk(0.1), 60.0, n, hop_s=HOP_S), 64)
    paced = capacity(lambda n: simulate(talk(0.1), 60.0, n, hop_s=HOP_S, most_pace=4), 64)
    assert plain.channels in (4, 5)
    assert paced.channels > plain.channels
    assert paced.stretch > 1


def test_an_engine_that_is_too_slow_for_one_call_holds_none() -> None:
    assert capacity(lambda n: simulate(talk(2.0), 60.0, n, hop_s=HOP_S), 64).channels == 0


@given(st.floats(0.001, 0.4), st.integers(1, 12), st.sampled_from([1, 4]))
def test_the_engine_never_works_more_than_all_the_time(
    cost: float, channels: int, pace: int
) -> None:
    held = simulate(talk(cost, 20.0), 20.0, channels, hop_s=HOP_S, most_pace=pace)
    assert held.busy <= 1.0 + 1e-9
    assert 0 <= held.lost <= 1
    assert held.p50_ms >= 1e3 * cost * 0.999
