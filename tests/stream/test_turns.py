from tonewatch.stream.turns import Turns


def ends(shift: int, begins: int, hop: int) -> int:
    """Slot of the process's clock in which a leg's windows end."""
    return (begins + shift) % hop


def test_legs_spread_evenly_over_the_hop_whenever_they_begin() -> None:
    turns = Turns(12)
    slots = [ends(turns.take(f"s{n}/0", n * 7), n * 7, 12) for n in range(24)]
    assert sorted(slots) == sorted([*range(12), *range(12)])


def test_a_slot_that_was_left_is_given_next() -> None:
    turns = Turns(12)
    slots = {f"s{n}": ends(turns.take(f"s{n}", 0), 0, 12) for n in range(12)}
    turns.leave("s4")
    turns.leave("unknown")
    assert turns.take("again", 0) == slots["s4"]
