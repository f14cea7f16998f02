import pytest

from tonewatch.stream.decision.times import frames_of


@pytest.mark.parametrize(
    ("milliseconds", "frames"), [(240, 12), (500, 25), (20, 1), (10, 1), (1500, 75)]
)
def test_durations_are_whole_frames_and_at_least_one(milliseconds, frames):
    assert frames_of(milliseconds) == frames
