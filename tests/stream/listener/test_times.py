import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.listener.times import CaptureTimes


def test_between_two_known_times_it_is_reckoned_back_from_the_later_one() -> None:
    times = CaptureTimes(1000)
    times.add(100, 5.0)
    times.add(200, 6.0)
    assert times.at(100) == 5.0
    assert times.at(150) == pytest.approx(6.0 - 0.05)
    assert times.at(200) == 6.0


def test_what_is_behind_the_newest_has_its_time() -> None:
    times = CaptureTimes(1000)
    times.add(100, 5.0)
    assert times.at(130) == 5.0


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.0, 0.5)), min_size=1, max_size=20))
def test_no_sample_is_called_newer_than_the_block_it_came_in(
    blocks: list[tuple[int, float]],
) -> None:
    times, position, now = CaptureTimes(8000), 0, 0.0
    for length, late in blocks:
        now += length / 8000 + late
        times.add(position + length, now)
        for inside in (position + 1, position + length):
            assert times.at(inside) <= now
        assert times.at(position + length) == now
        position += length


def test_times_that_were_passed_are_forgotten() -> None:
    times = CaptureTimes(8000)
    for block in range(1000):
        times.add(block + 1, float(block))
        times.at(block + 1)
    assert len(times._known) <= 2
