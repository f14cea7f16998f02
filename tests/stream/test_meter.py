import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.meter import Meter, Overlap


def heard(
    start: int, speech: list[bool], *, gap: list[bool] | None = None, level: float = 0.1
) -> Heard:
    count = len(speech)
    missing = np.array(gap or [False] * count)
    samples = np.full((count, 320), level, np.float32)
    samples[missing] = 0
    return Heard(
        leg="s/customer",
        start_frame=start,
        samples=samples.ravel(),
        speech=np.array(speech),
        gap=missing,
        captured_at=0.0,
    )


def test_talk_silence_and_gaps_are_told_apart() -> None:
    meter = Meter()
    meter.push(heard(0, [False, True, True, False], gap=[True, False, False, False]))
    state = meter.take()
    assert state is not None
    assert (state.talk_s, state.silence_s, state.stop_frame) == (0.04, 0.02, 4)
    assert state.speech == ((1, 3),)
    assert not state.speaking
    assert state.level_dbfs == state.peak_dbfs == -20.0


def test_stretches_that_touch_are_one_and_each_is_told_once() -> None:
    meter = Meter(start_frame=100)
    assert meter.take() is None
    meter.push(heard(100, [True, True]))
    meter.push(heard(102, [True, False]))
    first = meter.take()
    assert first is not None
    assert first.speech == ((100, 103),)
    assert meter.take() is None
    meter.push(heard(104, [True]))
    second = meter.take()
    assert second is not None
    assert second.speech == ((104, 105),)
    assert second.speaking


def test_clipping_and_digital_silence_are_seen() -> None:
    meter = Meter()
    meter.push(heard(0, [True], level=32767 / 32768))
    loud = meter.take()
    assert loud is not None
    assert loud.clipped == 1.0
    meter.push(heard(1, [False], level=0.0))
    quiet = meter.take()
    assert quiet is not None
    assert (quiet.clipped, quiet.level_dbfs, quiet.peak_dbfs) == (0.0, -100.0, -100.0)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.lists(st.integers(1, 9), min_size=1))
def test_meters_do_not_depend_on_the_pieces(speech: list[bool], sizes: list[int]) -> None:
    whole, pieces = Meter(), Meter()
    whole.push(heard(0, speech))
    at, turn = 0, 0
    while at < len(speech):
        size = sizes[turn % len(sizes)]
        pieces.push(heard(at, speech[at : at + size]))
        at, turn = at + size, turn + 1
    left, right = whole.take(), pieces.take()
    assert left is not None
    assert right is not None
    assert (left.speech, left.talk_s, left.silence_s) == (
        right.speech,
        right.talk_s,
        right.silence_s,
    )
    assert left.level_dbfs == pytest.approx(right.level_dbfs, abs=0.11)


@given(
    st.lists(st.booleans(), max_size=40),
    st.lists(st.booleans(), max_size=40),
    st.integers(1, 7),
)
def test_overlap_counts_frames_in_which_both_speak(
    left: list[bool], right: list[bool], size: int
) -> None:
    overlap = Overlap(2)
    overlap.push(1, np.array(right, np.bool_))
    for at in range(0, len(left), size):
        overlap.push(0, np.array(left[at : at + size], np.bool_))
    both = sum(a and b for a, b in zip(left, right, strict=False))
    assert overlap.seconds == both / 50


def test_one_leg_alone_does_not_overlap() -> None:
    overlap = Overlap(1)
    overlap.push(0, np.array([True, True]))
    assert overlap.seconds == 0.0
