import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.window import Window
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.runs import LEAD, PAUSE, RunCutter
from tonewatch.stream.settings import WindowSettings

DELAY = 10


def heard(start: int, speech: list[bool], gap: list[bool]) -> Heard:
    n = len(speech)
    samples = (np.arange(start * 320, (start + n) * 320) % 1000 / 32768).astype(np.float32)
    return Heard(
        leg="a",
        start_frame=start,
        samples=samples,
        speech=np.array(speech, dtype=bool),
        gap=np.array(gap, dtype=bool),
        captured_at=(start + n) * 0.02,
    )


def cut(
    speech: list[bool],
    gap: list[bool] | None = None,
    *,
    step: int = 10_000,
    hop_ms: int = 240,
    phase_frames: int = 0,
) -> list[Window]:
    cutter = RunCutter(
        "a", WindowSettings(hop_ms=hop_ms), delay_frames=DELAY, phase_frames=phase_frames
    )
    gap = gap or [False] * len(speech)
    windows = []
    for at in range(0, len(speech), step):
        windows += cutter.push(heard(at, speech[at : at + step], gap[at : at + step]))
    return windows + cutter.last()


def talk(*stretches: int) -> list[bool]:
    """Silence, speech, silence ... of so many frames."""
    return [bool(i % 2) for i, length in enumerate(stretches) for _ in range(length)]


def read(windows: list[Window]) -> list[int]:
    return [k for window in windows for k in range(window.start_frame, window.stop_frame)]


SPEECH = st.lists(st.integers(1, 120), max_size=8).map(lambda parts: talk(*parts))


@given(speech=SPEECH, step=st.integers(1, 40), phase=st.integers(0, 11))
def test_any_chunking_gives_the_same_windows(speech: list[bool], step: int, phase: int) -> None:
    one, many = cut(speech, phase_frames=phase), cut(speech, step=step, phase_frames=phase)
    assert [(w.start_frame, w.stop_frame) for w in one] == [
        (w.start_frame, w.stop_frame) for w in many
    ]
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)
        assert abs(a.captured_at - b.captured_at) < 1e-9


@given(speech=SPEECH, phase=st.integers(0, 11))
def test_no_frame_is_read_twice_and_samples_are_those_of_their_place(
    speech: list[bool], phase: int
) -> None:
    windows = cut(speech, phase_frames=phase)
    frames = read(windows)
    assert frames == sorted(set(frames))
    for window in windows:
        place = np.arange(window.start_frame * 320, window.stop_frame * 320)
        np.testing.assert_array_equal(window.samples, (place % 1000 / 32768).astype(np.float32))


def test_silence_is_never_cut() -> None:
    assert cut([False] * 1000) == []


def test_a_cough_begins_no_run() -> None:
    assert cut(talk(100, 15, 200)) == []


def test_a_run_reaches_back_to_a_little_before_the_voice_began() -> None:
    windows = cut(talk(200, 300))
    assert windows[0].start_frame == 200 - LEAD
    assert windows[0].warming_up
    assert read(windows) == list(range(200 - LEAD, 500))
    assert not windows[-1].warming_up


def test_the_onset_does_not_depend_on_the_hop() -> None:
    speech = talk(137, 90, 20, 60, 200, 70, 100)
    starts = []
    for hop in (240, 480):
        windows = cut(speech, hop_ms=hop)
        starts.append(
            [
                w.start_frame
                for w, b in zip(windows, [None, *windows], strict=False)
                if b is None or b.stop_frame != w.start_frame
            ]
        )
    assert starts[0] == starts[1] == [137 - LEAD, 507 - LEAD]


def test_a_run_goes_on_through_a_pause_and_ends_after_a_silence() -> None:
    frames = read(cut(talk(50, 100, PAUSE - 5, 100, 400)))
    spoken = 50 + 100 + PAUSE - 5 + 100
    assert frames == list(range(50 - LEAD, frames[-1] + 1))
    assert spoken + DELAY <= frames[-1] + 1 <= spoken + PAUSE + 12


def test_the_lag_is_covered_at_long_hops_too() -> None:
    for hop in (20, 240, 480, 1000, 2000):
        speech = talk(100, 200, 500)
        assert read(cut(speech, hop_ms=hop))[-1] + 1 >= 300 + DELAY


def test_a_hop_with_too_much_gap_ends_the_run() -> None:
    speech = [True] * 400
    gap = [200 <= i < 230 for i in range(400)]
    windows = cut(speech, gap)
    frames = set(read(windows))
    assert not frames & set(range(204, 228))
    assert {190, 300} <= frames


def test_a_restart_forgets_what_was_heard() -> None:
    cutter = RunCutter("a", WindowSettings(), delay_frames=DELAY)
    cutter.push(heard(0, [True] * 100, [False] * 100))
    cutter.restart(130)
    windows = cutter.push(heard(130, [True] * 100, [False] * 100))
    assert windows[0].start_frame == 130
