import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.bus import Bus, Mailbox, Missed
from tonewatch.stream.events import Activity, Fault, Mark, Points, Readings

FEW = 5


def points(start: int, count: int, step: int = 4) -> Points:
    return Points(
        start=start,
        step=step,
        scores=tuple((float(start + i * step),) * 9 for i in range(count)),
        fear=tuple(float(start + i * step) for i in range(count)),
        disgust=(None,) * count,
        emotion=("neutral",) * count,
        confidence=(0.5,) * count,
    )


def readings(start: int, count: int = 3, leg: str = "customer") -> Readings:
    return Readings(
        session="s",
        leg=leg,
        settled=points(start, count),
        provisional=points(start + 4 * count, 1),
        confusion=None,
        warming_up=False,
        captured_at_ns=start,
        emitted_at_ns=start,
        latency_ms=1.0,
    )


def activity(speech: tuple[tuple[int, int], ...]) -> Activity:
    return Activity(
        session="s",
        leg="agent",
        stop_frame=speech[-1][1],
        speech=speech,
        speaking=True,
        talk_s=0.0,
        silence_s=0.0,
        overlap_s=0.0,
        level_dbfs=-20.0,
        peak_dbfs=-6.0,
        clipped=0.0,
        bandwidth_hz=8000.0,
        snr_db=20.0,
    )


def mark(at: int) -> Mark:
    return Mark(session="s", name="note", at=at)


def test_every_mailbox_gets_every_event_in_order() -> None:
    bus = Bus()
    first, second = bus.subscribe("a", FEW, "report"), bus.subscribe("b", FEW, "drop")
    for at in range(3):
        bus.publish(mark(at))
    assert first.take() == second.take() == [mark(0), mark(1), mark(2)]
    assert first.take() == []


def test_waiting_readings_of_a_leg_are_merged_and_keep_every_settled_point() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    for start in (0, 12, 24):
        bus.publish(readings(start))
        bus.publish(readings(start, leg="other"))
    (one, other) = viewer.take()
    assert one == replace(readings(24), settled=points(0, 9))
    assert isinstance(other, Readings)
    assert other.leg == "other"
    assert viewer.statistics().merged == 4
    assert viewer.statistics().lost == 0


def test_readings_that_do_not_touch_wait_side_by_side() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    bus.publish(readings(0))
    bus.publish(readings(400))
    bus.publish(readings(412))
    first, second = viewer.take()
    assert first == readings(0)
    assert isinstance(second, Readings)
    assert len(second.settled.scores) == 6


def test_speech_stretches_of_waiting_meters_are_joined() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    bus.publish(activity(((0, 10), (20, 30))))
    bus.publish(activity(((30, 40), (50, 60))))
    assert viewer.take() == [activity(((0, 10), (20, 40), (50, 60)))]


def test_a_viewer_that_never_reads_is_told_to_take_a_snapshot() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    for at in range(100):
        bus.publish(mark(at))
    first, *rest = viewer.take()
    assert isinstance(first, Missed)
    assert rest == [mark(at) for at in range(100 - len(rest), 100)]
    assert first.count + len(rest) == 100
    assert viewer.statistics().lost == first.count


def test_merged_readings_have_a_bound() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest", merge_points=10)
    for start in range(0, 12 * 4, 12):
        bus.publish(readings(start))
    assert viewer.take() == [Missed(count=1)]


def test_a_full_metrics_mailbox_drops_and_counts() -> None:
    bus = Bus()
    metrics = bus.subscribe("metrics", 2, "drop")
    for at in range(5):
        bus.publish(mark(at))
    assert metrics.take() == [mark(0), mark(1)]
    assert metrics.statistics().lost == 3


def test_a_full_recorder_mailbox_reports_the_loss_at_its_place() -> None:
    bus = Bus()
    recorder = bus.subscribe("recorder", 2, "report")
    for at in range(5):
        bus.publish(mark(at))
    assert recorder.take() == [mark(0), mark(1), Missed(count=3)]
    bus.publish(mark(9))
    assert recorder.take() == [mark(9)]


def test_ready_is_called_only_when_the_mailbox_was_empty() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    calls: list[int] = []
    viewer.on_ready(lambda: calls.append(1))
    bus.publish(mark(0))
    bus.publish(mark(1))
    assert len(calls) == 1
    viewer.take()
    bus.publish(mark(2))
    assert len(calls) == 2


def test_ready_is_called_at_once_when_something_waits() -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", FEW, "newest")
    bus.publish(mark(0))
    calls: list[int] = []
    viewer.on_ready(lambda: calls.append(1))
    assert calls == [1]


def test_a_callback_that_fails_costs_only_its_own_mailbox(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("loop is closed")

    bus = Bus()
    broken, well = bus.subscribe("broken", FEW, "newest"), bus.subscribe("well", FEW, "newest")
    broken.on_ready(fail)
    bus.publish(mark(0))
    bus.publish(mark(1))
    assert broken.closed
    assert well.take() == [mark(0), mark(1)]
    assert "broken" in caplog.text


def test_closing_wakes_the_taker_and_ends_delivery() -> None:
    bus = Bus()
    taken: list[list[object]] = []
    with bus.subscribe("thread", FEW, "report") as mailbox:
        thread = threading.Thread(target=lambda: taken.append(list(mailbox.take(None))))
        thread.start()
    thread.join(10)
    assert taken == [[]]
    bus.publish(mark(0))
    assert mailbox.take() == []
    assert bus.statistics().mailboxes == ()


def test_a_waiting_thread_gets_the_event() -> None:
    bus = Bus()
    mailbox = bus.subscribe("thread", FEW, "report")
    taken: list[list[object]] = []
    thread = threading.Thread(target=lambda: taken.append(list(mailbox.take(30))))
    thread.start()
    fault = Fault(code="disk", message="full", way_out="free some")
    bus.publish(fault)
    thread.join(10)
    assert taken == [[fault]]


def test_a_mailbox_needs_a_size() -> None:
    with pytest.raises(ValueError, match="size must be at least 1"):
        Bus().subscribe("none", 0, "drop")


def settled_starts(mailbox: Mailbox) -> list[int]:
    found: list[int] = []
    for item in mailbox.take():
        assert isinstance(item, Readings)
        start, step = item.settled.start, item.settled.step
        found += [start + step * i for i in range(len(item.settled.scores))]
    return found


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30))
def test_no_settled_point_is_lost_however_the_viewer_reads(
    steps: list[tuple[int, bool]],
) -> None:
    bus = Bus()
    viewer = bus.subscribe("viewer", 1, "newest", merge_points=1000)
    position, seen = 0, []
    for count, takes in steps:
        bus.publish(readings(position, count))
        position += 4 * count
        if takes:
            seen += settled_starts(viewer)
    seen += settled_starts(viewer)
    assert seen == list(range(0, position, 4))


def test_a_mailbox_without_some_types_never_wakes_for_them() -> None:
    bus, woken = Bus(), list[int]()
    with bus.subscribe("rare", 4, "report", but=(Readings,)) as mailbox:
        mailbox.on_ready(lambda: woken.append(1))
        bus.publish(readings(0))
        assert (mailbox.take(), woken) == ([], [])
        bus.publish(mark(0))
        assert (len(mailbox.take()), woken) == (1, [1])
    assert mailbox.statistics().lost == 0
