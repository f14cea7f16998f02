import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.audio import Chunk, Gap, Span, in_one


def test_positions_follow_from_start_and_length() -> None:
    chunk = Chunk(leg="customer", start=5, samples=np.zeros(10, np.float32), captured_at=0.0)
    gap = Gap(leg="customer", start=15, length=4, reason="muted", captured_at=0.0)
    assert (chunk.stop, gap.stop, Span(start=3, stop=8).length) == (15, 19, 5)


def test_samples_are_never_changed_after_they_were_handed_over() -> None:
    chunk = Chunk(leg="customer", start=0, samples=np.zeros(10, np.float32), captured_at=0.0)
    with pytest.raises(ValueError, match="read-only"):
        chunk.samples[0] = 1.0


@pytest.mark.parametrize(
    "samples", [np.zeros(4), np.zeros((4, 1), np.float32), np.zeros(4, np.int16)]
)
def test_samples_of_another_kind_are_refused_by_name(samples: np.ndarray) -> None:
    with pytest.raises(TypeError, match="leg 'customer': expected float32 samples"):
        Chunk(leg="customer", start=0, samples=samples, captured_at=0.0)


@given(st.lists(st.lists(st.floats(-1, 1, width=32), max_size=9), max_size=5))
def test_parts_lie_behind_each_other(parts: list[list[float]]) -> None:
    together = in_one([np.array(part, np.float32) for part in parts])
    assert together.dtype == np.float32
    assert together.tolist() == [value for part in parts for value in part]
