"""The one place where seconds and positions are exchanged."""

from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models import grid

frames = st.integers(0, 10**9)


@given(frames)
def test_frames_come_back_from_samples_and_from_seconds(frame: int) -> None:
    assert grid.whole_frames(grid.frames_to_samples(frame)) == frame
    assert grid.seconds_to_frames(grid.frames_to_seconds(frame)) == frame


@given(frames, st.integers(0, grid.FRAME_SAMPLES - 1))
def test_a_begun_frame_is_no_whole_one(frame: int, more: int) -> None:
    assert grid.whole_frames(grid.frames_to_samples(frame) + more) == frame


def test_a_frame_is_twenty_milliseconds_of_sixteen_thousand_samples_a_second() -> None:
    assert grid.FRAME_RATE * grid.FRAME_SAMPLES == grid.SAMPLE_RATE == 16_000
    assert grid.frames_to_seconds(1) == grid.samples_to_seconds(grid.FRAME_SAMPLES) == 0.02
