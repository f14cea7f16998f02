import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.window import Window
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.settings import WindowSettings
from tonewatch.stream.windows import Cutter

LENGTHS = (16000, 24000, 32000, 48000)


def heard(start: int, speech: list[bool], gap: list[bool] | None = None) -> Heard:
    n = len(speech)
    samples = (np.arange(start * 320, (start + n) * 320) % 1000 / 32768).astype(np.float32)
    return Heard(
        leg="a",
        start_frame=start,
        samples=samples,
        speech=np.array(speech, dtype=bool),
        gap=np.array(gap if gap is not None else [False] * n, dtype=bool),
        captured_at=(start + n) * 0.02,
    )


def cut(
    speech: list[bool], gap: list[bool] | None = None, *, step: int = 10_000, **more: int
) -> list[Window]:
    cutter = Cutter("a", WindowSettings(), LENGTHS, **more)
    gap = gap or [False] * len(speech)
    windows = []
    for at in range(0, len(speech), step):
        windows += cutter.push(heard(at, speech[at : at + step], gap[at : at + step]))
    return windows


def test_a_young_leg_grows_through_the_true_lengths() -> None:
    windows = cut([True] * 200)
    lengths = [len(window.samples) for window in windows]
    assert lengths == sorted(lengths)
    assert set(lengths) == set(LENGTHS)
    assert [w.warming_up for w in windows] == [length < 48000 for length in lengths]
    assert windows[0].stop_frame == 60


def test_windows_end_on_the_hop_grid_shifted_by_the_phase() -> None:
    for phase in range(12):
        ends = [window.stop_frame for window in cut([True] * 300, phase_frames=phase)]
        assert all((end - phase) % 12 == 0 for end in ends)
        assert np.diff(ends).tolist() == [12] * (len(ends) - 1)


def test_silence_is_never_cut() -> None:
    assert cut([False] * 1000) == []


def test_a_window_needs_its_share_of_speech() -> None:
    speech = [i % 150 < 20 for i in range(1500)]
    assert cut(speech) == []


def test_no_window_is_cut_when_nothing_unsettled_was_said() -> None:
    windows = cut([True] * 150 + [False] * 150)
    assert max(window.stop_frame for window in windows) <= 150 + 25 + 12


def test_every_spoken_frame_is_settled_by_some_window() -> None:
    windows = cut([True] * 150 + [False] * 150)
    assert max(window.stop_frame for window in windows) - 25 >= 150


def test_a_window_with_more_than_a_fifth_of_gap_is_not_cut() -> None:
    gap = [False] * 200 + [True] * 31 + [False] * 400
    speech = [not g for g in gap]
    for window in cut(speech, gap):
        inside = gap[window.start_frame : window.stop_frame]
        assert sum(inside) <= 0.2 * len(inside)


def test_after_a_silence_a_shorter_window_reaches_the_voice_sooner() -> None:
    windows = cut([False] * 300 + [True] * 100)
    assert windows[0].stop_frame <= 300 + 25 + 12
    assert len(windows[0].samples) < 48000
    assert len(windows[-1].samples) == 48000


def test_a_leg_ends_with_a_window_even_off_the_grid() -> None:
    cutter = Cutter("a", WindowSettings(), LENGTHS)
    assert cutter.push(heard(0, [True] * 55)) == []
    (window,) = cutter.last()
    assert (window.start_frame, window.stop_frame) == (5, 55)


def test_nothing_is_read_twice_at_the_end() -> None:
    cutter = Cutter("a", WindowSettings(), LENGTHS)
    cutter.push(heard(0, [True] * 60))
    assert cutter.last() == []


def test_samples_are_those_of_the_frames() -> None:
    for window in cut([True] * 200):
        expected = np.arange(window.start_frame * 320, window.stop_frame * 320) % 1000 / 32768
        np.testing.assert_array_equal(window.samples, expected.astype(np.float32))


def test_the_capture_time_is_that_of_the_windows_end() -> None:
    for window in cut([True] * 200, step=70):
        assert window.captured_at == pytest.approx(window.stop_frame * 0.02)


def test_after_a_restart_windows_grow_again_and_hold_nothing_older() -> None:
    cutter = Cutter("a", WindowSettings(), LENGTHS)
    cutter.push(heard(0, [True] * 300))
    cutter.restart(300)
    windows = cutter.push(heard(300, [True] * 300))
    assert all(window.start_frame >= 300 for window in windows)
    assert windows[0].warming_up
    assert len(windows[0].samples) == 16000


def test_frames_out_of_order_are_refused() -> None:
    cutter = Cutter("a", WindowSettings(), LENGTHS)
    with pytest.raises(ValueError, match="expected frame 0, got 5"):
        cutter.push(heard(5, [True]))


@given(
    st.lists(st.booleans(), min_size=1, max_size=400),
    st.integers(1, 60),
    st.integers(0, 11),
)
def test_any_chunking_cuts_the_same_windows(flags: list[bool], step: int, phase: int) -> None:
    speech = [flag for flag in flags for _ in range(3)]
    whole = cut(speech, phase_frames=phase)
    some = cut(speech, step=step, phase_frames=phase)
    assert [(w.start_frame, w.speech) for w in whole] == [(w.start_frame, w.speech) for w in some]
    for one, other in zip(whole, some, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_the_fast_curve_takes_shorter_windows_and_a_full_one_now_and_then() -> None:
    settings = WindowSettings(fast_ms=2000, full_every=3)
    windows = Cutter("a", settings, LENGTHS).push(heard(0, [True] * 400))
    grown = [window for window in windows if window.stop_frame >= 150]
    full = [window for window in grown if window.stop_frame // 12 % 3 == 0]
    fast = [window for window in grown if window.stop_frame // 12 % 3]
    assert {len(window.samples) for window in full} == {48000}
    assert {len(window.samples) for window in fast} == {32000}
    assert not any(window.warming_up for window in grown)


def test_where_no_length_is_short_enough_the_shortest_is_taken() -> None:
    settings = WindowSettings(fast_ms=500, full_every=2)
    windows = Cutter("a", settings, LENGTHS).push(heard(0, [True] * 400))
    assert {len(window.samples) for window in windows[-2:]} == {16000, 48000}
