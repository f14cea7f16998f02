import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.audio import Chunk, Gap
from tonewatch.stream.ring import LATE, Ring


def ramp(start: int, length: int) -> Float32:
    return np.arange(start, start + length, dtype=np.float32)


def test_what_was_written_comes_back_in_order() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 4), 1.0)
    ring.write(ramp(4, 4), 2.0)
    first, second = (*ring.read(5), *ring.read())
    assert isinstance(first, Chunk)
    assert isinstance(second, Chunk)
    assert (first.start, second.start, first.captured_at, second.captured_at) == (0, 5, 2.0, 2.0)
    np.testing.assert_array_equal(first.samples, ramp(0, 5))
    np.testing.assert_array_equal(second.samples, ramp(5, 3))


def test_a_late_reader_loses_the_oldest_and_is_told_which() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 17), 1.0)
    gap, first = ring.read()
    (second,) = ring.read()
    assert isinstance(gap, Gap)
    assert (gap.start, gap.length, gap.reason) == (0, 7, LATE)
    assert isinstance(first, Chunk)
    assert isinstance(second, Chunk)
    np.testing.assert_array_equal(np.append(first.samples, second.samples), ramp(7, 10))


def test_a_gap_of_the_source_keeps_its_place_and_reason() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 2), 1.0)
    ring.skip(5, "muted", 2.0)
    ring.write(ramp(7, 1), 3.0)
    assert [(type(i).__name__, i.start, i.stop) for i in ring.read()] == [
        ("Chunk", 0, 2),
        ("Gap", 2, 7),
        ("Chunk", 7, 8),
    ]


def test_a_resumed_leg_goes_on_at_its_position() -> None:
    ring = Ring("a", 10, start=640)
    ring.write(ramp(0, 3), 1.0)
    assert ring.read()[0].start == 640


def test_a_chunk_already_handed_over_never_changes() -> None:
    ring = Ring("a", 4)
    ring.write(ramp(0, 4), 1.0)
    (chunk,) = ring.read()
    ring.write(ramp(100, 4), 2.0)
    assert isinstance(chunk, Chunk)
    np.testing.assert_array_equal(chunk.samples, ramp(0, 4))
    with pytest.raises(ValueError, match="read-only"):
        chunk.samples[0] = 1


def test_free_is_what_fits_before_something_is_lost() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 7), 1.0)
    assert ring.free == 3
    ring.read(5)
    assert ring.free == 8


def test_an_unread_ring_does_not_grow() -> None:
    ring = Ring("a", 100)
    for turn in range(5000):
        ring.write(ramp(turn, 1), float(turn))
        ring.skip(1, "muted" if turn % 3 else "paused", float(turn))
        ring.skip(1, "overflow", float(turn))
    assert len(ring._marks) <= 2 * 100 + 3


def test_a_long_gap_of_the_source_loses_no_sound_and_comes_in_bounded_pieces() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 8), 1.0)
    ring.skip(1000, "muted", 2.0)
    ring.write(ramp(1008, 2), 3.0)
    first = ring.read()
    assert [(type(i).__name__, i.start, i.stop) for i in first] == [("Chunk", 0, 8), ("Gap", 8, 10)]
    items = first
    while piece := ring.read():
        assert sum(item.stop - item.start for item in piece) <= 10
        items += piece
    assert {item.reason for item in items if isinstance(item, Gap)} == {"muted"}
    assert isinstance(items[-1], Chunk)
    np.testing.assert_array_equal(items[-1].samples, ramp(1008, 2))
    assert ring.statistics().lost == 0


def test_a_chunk_carries_the_time_of_its_own_newest_sample() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 4), 1.0)
    ring.skip(2, "muted", 1.5)
    ring.skip(2, "muted", 2.0)
    ring.write(ramp(8, 4), 3.0)
    assert [(item.stop, item.captured_at) for item in (*ring.read(), *ring.read())] == [
        (4, 1.0),
        (8, 2.0),
        (10, 3.0),
        (12, 3.0),
    ]


def test_writer_and_reader_may_be_two_threads() -> None:
    ring, total, done = Ring("a", 500), 200_000, threading.Event()

    def write() -> None:
        for at in range(0, total, 100):
            ring.write(ramp(at, 100), 0.0)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    position = 0
    while not done.is_set() or position < ring.written:
        for item in ring.read():
            assert item.start == position
            position = item.stop
            if isinstance(item, Chunk):
                np.testing.assert_array_equal(item.samples, ramp(item.start, len(item.samples)))
    writer.join()
    assert position == total


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="room for one sample"):
        Ring("a", 0)
    with pytest.raises(ValueError, match="cannot skip -1 samples"):
        Ring("a", 10).skip(-1, "muted", 0.0)


step = st.tuples(
    st.sampled_from(["write", "mute", "pause", "read", "read some"]), st.integers(0, 40)
)


@given(st.integers(1, 30), st.integers(0, 50), st.lists(step, max_size=60))
def test_chunks_and_gaps_cover_every_position_once_and_in_order(
    capacity: int, start: int, steps: list[tuple[str, int]]
) -> None:
    ring, written, position = Ring("a", capacity, start=start), start, start
    skipped: set[int] = set()
    unread = 0
    for action, size in [*steps, *[("read", 0)] * (1 + sum(size for _, size in steps))]:
        if action == "write":
            ring.write(ramp(written, size), float(written))
            written += size
            unread += size
        elif action in ("mute", "pause"):
            ring.skip(size, action, float(written))
            skipped |= set(range(written, written + size))
            written += size
        else:
            items = ring.read(size if action == "read some" else None)
            for one, other in pairwise(items):
                assert not (isinstance(one, Chunk) and isinstance(other, Chunk))
            for item in items:
                assert item.start == position
                assert item.stop > item.start
                position = item.stop
                here = set(range(item.start, item.stop))
                if isinstance(item, Chunk):
                    np.testing.assert_array_equal(item.samples, ramp(item.start, len(item.samples)))
                    assert not skipped & here
                elif item.reason != LATE:
                    assert here <= skipped
            unread = sum(at not in skipped for at in range(position, written))
        assert ring.free >= capacity - unread
        counts = ring.statistics()
        assert counts.written == written - start == counts.read + counts.gaps + counts.waiting
        assert counts.peak <= capacity
    assert position == written


@given(st.integers(1, 30), st.lists(step, max_size=60))
def test_only_what_no_longer_fits_is_lost(capacity: int, steps: list[tuple[str, int]]) -> None:
    ring, written = Ring("a", capacity), 0
    sound: list[int] = []
    for action, size in steps:
        if action == "write":
            ring.write(ramp(written, size), 0.0)
            sound += range(written, written + size)
            written += size
        elif action in ("mute", "pause"):
            ring.skip(size, action, 0.0)
            written += size
    told = [item for _ in range(written + 1) for item in ring.read()]
    kept = [at for item in told if isinstance(item, Chunk) for at in range(item.start, item.stop)]
    assert kept == sound[-capacity:]
