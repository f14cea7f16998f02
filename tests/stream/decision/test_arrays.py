import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.decision.arrays import chosen, spread

flags = st.lists(st.booleans(), max_size=40).map(lambda some: np.array(some, np.bool_))


@given(flags)
def test_rows_are_chosen_as_by_an_index(which: np.ndarray) -> None:
    rows = np.arange(3 * len(which), dtype=np.float32).reshape(-1, 3)
    np.testing.assert_array_equal(chosen(rows, which), rows[which])


@given(flags)
def test_rows_are_spread_as_by_an_index(which: np.ndarray) -> None:
    rows = np.random.default_rng(0).standard_normal((int(which.sum()), 3))
    wide = np.full((len(which), 2, 3), np.nan, np.float32)
    expected = wide.copy()
    expected[which, 1] = rows
    spread(rows, wide[:, 1], which)
    np.testing.assert_array_equal(wide, expected)
