import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.window import Frames
from tonewatch.stream.settings import TrackSettings
from tonewatch.stream.track import Track, TrackUpdate, weights


def answer(start: int, length: int, *, seed: int | None = None, value: float = 1.0) -> Frames:
    if seed is None:
        logits = np.full((length, 9), value, np.float32)
    else:
        logits = np.random.default_rng(seed).standard_normal((length, 9)).astype(np.float32)
    return Frames(
        leg="a",
        start_frame=start,
        logits=logits,
        features=logits[:, :3].copy(),
        captured_at=0.0,
    )


def test_weights_are_one_in_the_middle_and_a_floor_at_the_ends() -> None:
    weight = weights(150, 15, 0.05)
    assert weight[75] == 1.0
    assert 0.05 < weight[0] < 0.1
    np.testing.assert_array_equal(weight, weight[::-1])


def test_agreeing_windows_give_what_they_agree_on() -> None:
    track = Track(TrackSettings())
    for start in (0, 12, 24):
        update = track.push(answer(start, 150, value=2.5))
    np.testing.assert_allclose(update.provisional.logits, 2.5)


def test_a_frame_is_the_weighted_mean_of_its_windows_logits() -> None:
    track = Track(TrackSettings(settle_ms=0))
    first, second = answer(0, 150, seed=1), answer(12, 150, seed=2)
    track = Track(TrackSettings(settle_ms=4000))
    track.push(first)
    update = track.push(second)
    weight = weights(150, 15, 0.05)
    frame = 20
    expected = (weight[20] * first.logits[20] + weight[8] * second.logits[8]) / (
        weight[20] + weight[8]
    )
    np.testing.assert_allclose(update.provisional.logits[frame], expected, rtol=1e-5)


def test_frames_half_a_second_behind_the_newest_window_are_settled() -> None:
    update = Track(TrackSettings()).push(answer(0, 150))
    assert (update.settled.start_frame, update.settled.stop_frame) == (0, 125)
    assert (update.provisional.start_frame, update.provisional.stop_frame) == (125, 150)


def test_a_settled_frame_is_never_revised() -> None:
    track = Track(TrackSettings())
    settled = track.push(answer(0, 150, seed=1)).settled
    kept = settled.logits.copy()
    track.push(answer(12, 150, seed=2))
    np.testing.assert_array_equal(settled.logits, kept)
    assert track.settled_until == 137


def test_frames_that_no_window_read_are_holes() -> None:
    track = Track(TrackSettings())
    track.push(answer(0, 50))
    update = track.push(answer(100, 50))
    held = update.settled
    assert held.start_frame == 25
    assert held.valid.tolist() == [True] * 25 + [False] * 50 + [True] * 25
    assert (held.logits[~held.valid] == 0).all()


def test_silence_can_be_settled_without_a_window() -> None:
    track = Track(TrackSettings())
    update = track.settle(1000)
    assert update.settled.stop_frame == 1000
    assert not update.settled.valid.any()
    assert track.push(answer(900, 50)).settled.stop_frame == 1000


def test_features_are_fused_with_the_same_weights() -> None:
    track = Track(TrackSettings(), keep_features=True)
    track.push(answer(0, 150, seed=1))
    update = track.push(answer(12, 150, seed=2))
    assert update.settled.features is not None
    np.testing.assert_allclose(update.settled.features, update.settled.logits[:, :3], rtol=1e-4)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([50, 75, 100, 150])), max_size=12),
    st.integers(0, 40),
)
def test_settled_frames_follow_each_other_without_hole_or_overlap(
    steps: list[tuple[int, int]], settle: int
) -> None:
    track, at, end = Track(TrackSettings(settle_ms=settle * 20)), 0, 0
    updates: list[TrackUpdate] = []
    for turn, (step, length) in enumerate(steps):
        end = max(end + step, length)
        updates.append(track.push(answer(end - length, length, seed=turn)))
    updates.append(track.settle(end))
    for update in updates:
        assert update.settled.start_frame == at
        at = update.settled.stop_frame
        assert update.provisional.start_frame == at
        assert np.isfinite(update.settled.logits).all()
    assert at == end
