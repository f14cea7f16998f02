import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.stream.tasks import task

from tonewatch.stream.waiting import Task, Waiting


def waiting_for(tasks: Sequence[Task]) -> Waiting:
    waiting = Waiting()
    for one in tasks:
        waiting.add(one)
    return waiting


def plan(
    tasks: Sequence[Task], *, size: int, max_wait: float, now: float
) -> tuple[list[Task], float]:
    waiting = waiting_for(tasks)
    taken, due = waiting.take(size=size, max_wait=max_wait, now=now)
    assert len(waiting) == len(tasks) - len(taken)
    return taken, due


def test_nothing_waiting_is_nothing_to_do() -> None:
    assert plan([], size=4, max_wait=0.01, now=5.0) == ([], math.inf)


def test_a_window_waits_for_others_but_not_for_long() -> None:
    waiting = [task(at=1.0)]
    assert plan(waiting, size=2, max_wait=0.5, now=1.2) == ([], 1.5)
    assert plan(waiting, size=2, max_wait=0.5, now=1.5)[0] == waiting
    both = [*waiting, task("t/customer", at=1.1)]
    assert plan(both, size=2, max_wait=0.5, now=1.2)[0] == both


def test_live_sound_goes_first_and_the_oldest_of_it() -> None:
    recording = task("file/customer", 0.1, live=False)
    late, later = task("a/customer", 2.0), task("b/customer", 3.0)
    batch, _ = plan([recording, later, late], size=2, max_wait=0.0, now=9.0)
    assert batch == [late, later]


def test_a_recording_does_not_wait() -> None:
    waiting = [task(live=False, at=1.0)]
    assert plan(waiting, size=8, max_wait=9.0, now=1.0)[0] == waiting


def test_a_recording_is_read_in_order_though_its_capture_times_fall() -> None:
    """A second of it that comes within a moment reaches back behind the second before it."""
    waiting = [task("file/customer", at, live=False) for at in (0.1, -0.7, -0.3)]
    assert plan(waiting, size=2, max_wait=0.0, now=1.0)[0] == waiting[:2]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 99)),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 5),
)
def test_windows_of_a_leg_keep_their_order(drawn: list[tuple[str, bool, int]], size: int) -> None:
    kinds = {leg: live for leg, live, _ in drawn}
    waiting = [
        task(leg, float(number), live=kinds[leg]) for number, (leg, _, _) in enumerate(drawn)
    ]
    order: list[Task] = []
    while waiting:
        batch, _ = plan(waiting, size=size, max_wait=0.0, now=1.0)
        assert 0 < len(batch) <= size
        order += batch
        waiting = [one for one in waiting if one not in batch]
    for leg in kinds:
        ends = [one.window.captured_at for one in order if one.window.leg == leg]
        assert ends == sorted(ends)


def test_what_waits_of_a_leg_is_read_together() -> None:
    tasks = [task("a/x", 1.0), task("b/x", 1.1), task("a/x", 1.2), task("b/x", 1.3)]
    assert plan(tasks, size=3, max_wait=0.0, now=2.0)[0] == [tasks[0], tasks[2], tasks[1]]


def test_all_but_the_newest_windows_of_a_leg_are_taken_out() -> None:
    tasks = [task("a/x", 1.0), task("b/x", 1.1), task("a/x", 1.2), task("a/x", 1.3)]
    waiting = waiting_for(tasks)
    assert waiting.take_out("a/x", but=1) == [tasks[0].window, tasks[2].window]
    assert waiting.take_out("a/x", but=1) == waiting.take_out("c/x") == []
    assert len(waiting) == 2
    assert waiting.clear() == [tasks[3], tasks[1]]
    assert (len(waiting), waiting.clear()) == (0, [])
