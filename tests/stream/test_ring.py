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
    first, second = ring.read()
    assert isinstance(first, Chunk)
    assert (first.start, second.start, first.captured_at, second.captured_at) == (0, 4, 1.0, 2.0)
    np.testing.assert_array_equal(first.samples, ramp(0, 4))


def test_a_late_reader_loses_the_oldest_and_is_told_which() -> None:
    ring = Ring("a", 10)
    ring.write(ramp(0, 25), 1.0)
    gap, chunk = ring.read()
    assert isinstance(gap, Gap)
    assert (gap.start, gap.length, gap.reason) == (0, 15, LATE)
    assert isinstance(chunk, Chunk)
    np.testing.assert_array_equal(chunk.samples, ramp(15, 10))


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
    assert len(ring._marks) <= 101


step = st.tuples(st.sampled_from(["write", "skip", "read", "read some"]), st.integers(0, 40))


@given(st.integers(1, 30), st.lists(step, max_size=60))
def test_chunks_and_gaps_cover_every_position_once_and_in_order(
    capacity: int, steps: list[tuple[str, int]]
) -> None:
    ring, written, position = Ring("a", capacity), 0, 0
    skipped: set[int] = set()
    for action, size in [*steps, ("read", 0)]:
        if action == "write":
            ring.write(ramp(written, size), float(written))
            written += size
        elif action == "skip":
            ring.skip(size, "muted", float(written))
            skipped |= set(range(written, written + size))
            written += size
        else:
            for item in ring.read(size if action == "read some" else None):
                assert item.start == position
                assert item.stop > item.start
                position = item.stop
                if isinstance(item, Chunk):
                    np.testing.assert_array_equal(item.samples, ramp(item.start, len(item.samples)))
                    assert not skipped & set(range(item.start, item.stop))
    counts = ring.statistics()
    assert position == written == counts.written == counts.read + counts.gaps
    assert counts.waiting == 0
