from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.pace import CALM_LOOKS, EveryNth, Load, Pace


def looks(pace: Pace, shares: list[float], *, superseded: int = 0) -> list[int]:
    """Factors after looks a second apart, each with a share of work."""
    busy, factors = 0.0, []
    pace.look(Load(at=0.0, busy=0.0, superseded=0))
    for second, share in enumerate(shares, 1):
        busy += share
        pace.look(Load(at=float(second), busy=busy, superseded=superseded * second))
        factors.append(pace.factor)
    return factors


def test_windows_move_apart_while_the_engine_has_no_room() -> None:
    assert looks(Pace(4), [0.5, 0.9, 0.9, 0.9]) == [1, 2, 4, 4]


def test_a_window_given_up_is_a_sign_of_load_too() -> None:
    assert looks(Pace(4), [0.5, 0.5], superseded=1) == [2, 4]


def test_windows_come_closer_only_after_a_calm_while() -> None:
    pace = Pace(4)
    looks(pace, [0.9, 0.9])
    assert pace.factor == 4
    busy = 1.8
    for second in range(3, 3 + CALM_LOOKS):
        assert pace.factor == 4
        busy += 0.1
        pace.look(Load(at=float(second), busy=busy, superseded=0))
    assert pace.factor == 2


def test_looks_within_a_second_count_once() -> None:
    pace = Pace(4)
    pace.look(Load(at=0.0, busy=0.0, superseded=0))
    assert not pace.look(Load(at=0.5, busy=0.5, superseded=3))
    assert pace.look(Load(at=1.0, busy=1.0, superseded=3))


@given(st.lists(st.floats(0, 1), max_size=40), st.sampled_from([1, 2, 4]))
def test_the_factor_stays_within_its_bounds(shares: list[float], most: int) -> None:
    assert all(1 <= factor <= most for factor in looks(Pace(most), shares))


def test_each_leg_has_turns_of_its_own() -> None:
    turns = EveryNth()
    assert [turns.take("a", 2) for _ in range(5)] == [True, False, True, False, True]
    assert turns.take("b", 2)
    assert not turns.take("a", 2)
    turns.forget("a")
    assert turns.take("a", 2)
    assert all(turns.take("c", 1) for _ in range(3))
