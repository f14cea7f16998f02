import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.leg_states import LegStates

BEGIN = {"level": np.full((1, 2), 7.0, np.float32), "seen": np.zeros(1, np.int64)}


def row(value: int) -> dict[str, np.ndarray]:
    return {"level": np.full((1, 2), value, np.float32), "seen": np.array([value])}


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "keep", "forget", "write"]), st.integers(0, 6)),
        max_size=40,
    )
)
def test_each_leg_keeps_its_own_whatever_others_do(orders: list[tuple[str, int]]) -> None:
    states, expected = LegStates(BEGIN), {}
    for number, (order, who) in enumerate(orders):
        leg = f"leg {who}"
        if order == "forget":
            states.forget(leg)
            expected.pop(leg, None)
        elif order == "write" and leg in expected:
            states.write([leg], row(number))
            expected[leg] = (number, number)
        elif order in ("begin", "keep"):
            level = expected[leg][0] if order == "keep" and leg in expected else 7
            states.begin(leg, ["level"] if order == "keep" else [])
            expected[leg] = (level, 0)
    for leg, (level, seen) in expected.items():
        assert leg in states
        found = states.read([leg])
        assert (found["level"][0, 0], found["seen"][0]) == (level, seen)


def test_rows_of_many_legs_go_in_and_out_together() -> None:
    states = LegStates(BEGIN)
    legs = [f"leg {number}" for number in range(9)]
    for leg in legs:
        states.begin(leg)
    some = legs[::-2]
    states.write(some, {"level": np.ones((5, 2), np.float32), "seen": np.arange(5)})
    assert states.read(some)["seen"].tolist() == [0, 1, 2, 3, 4]
    assert states.read(legs)["level"][:, 0].tolist() == [1, 7, 1, 7, 1, 7, 1, 7, 1]


def test_what_was_read_is_a_copy() -> None:
    states = LegStates(BEGIN)
    for leg in ("a", "b"):
        states.begin(leg)
    before = states.read(["a"])
    states.write(["a"], row(3))
    assert before["seen"].tolist() == [0]
    states.write(["a"], before)
    assert states.read(["a", "b"])["seen"].tolist() == [0, 0]


def test_a_leg_that_was_never_there_is_forgotten_without_effect() -> None:
    states = LegStates(BEGIN)
    states.forget("nobody")
    assert "nobody" not in states
