import numpy as np
import pytest

from tonewatch.models.window import Float32
from tonewatch.onnx_export.parity import check, deviation, exact_checks, golden_check, grid


def run(waves: Float32, shift: float = 0.0) -> tuple[Float32, Float32]:
    frames = waves[:, : waves.shape[1] // 320 * 320].reshape(len(waves), -1, 320)
    features = frames[:, :, :9].astype(np.float32)
    return features * 30 + np.float32(shift) * (np.arange(9) == 3), features


def test_a_run_does_not_deviate_from_itself() -> None:
    found = deviation(run, run, grid((16000, 24000)))
    assert (found.logits, found.features, found.changed) == (0.0, 0.0, 0.0)


def test_deviation_is_seen_in_logits_though_the_scores_agree() -> None:
    def peaked(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = run(waves)
        return logits + 60 * (np.arange(9) == 0).astype(np.float32), features

    def broken(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = peaked(waves)
        return logits + (np.arange(9) == 5).astype(np.float32), features

    found = deviation(broken, peaked, grid((16000,)))
    assert found.scores < 1e-5
    assert found.logits == pytest.approx(1.0, abs=1e-4)
    assert [c.passed for c in exact_checks("x", found)] == [False, True, True]


def test_a_number_that_is_none_fails() -> None:
    assert not check("x", float("nan"), 1.0).passed


def test_known_scores_are_compared_as_logarithms() -> None:
    wave = np.random.default_rng(0).uniform(-0.1, 0.1, 16000).astype(np.float32)
    logits = run(wave[None])[0].astype(np.float64).mean(axis=1)[0]
    scores = np.exp(logits) / np.exp(logits).sum()
    assert golden_check(run, wave, list(scores)).passed
    assert not golden_check(lambda w: run(w, 0.5), wave, list(scores)).passed


def test_the_grid_has_every_length_and_batch() -> None:
    shapes = [waves.shape for waves in grid((16000, 48000), (1, 3))]
    assert shapes == [(1, 16000), (3, 16000), (1, 48000), (3, 48000)]


def test_the_ends_of_the_range_are_tried_and_broken_numbers_counted() -> None:
    from tonewatch.onnx_export.parity import extremes, finite_check

    waves = extremes(16000)
    assert all(wave.shape == (1, 16000) and np.abs(wave).max() <= 1.0 for wave in waves)
    assert finite_check("x", run, waves).passed

    def overflowing(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = run(waves)
        return np.where(np.abs(waves).max() > 0.99, np.nan, logits).astype(np.float32), features

    found = finite_check("x", overflowing, waves)
    assert not found.passed
    assert found.value > 0


def test_the_gap_between_fear_and_disgust_is_followed() -> None:
    def shifted(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = run(waves)
        moved = logits + 2 * (np.arange(9) == 2) - 1 * (np.arange(9) == 1)
        return moved.astype(np.float32), features

    found = deviation(shifted, run, grid((16000,)))
    assert found.rivals == pytest.approx(3.0, abs=1e-4)
    assert found.logits == pytest.approx(2.0, abs=1e-4)


def test_frames_that_could_fall_either_way_count_by_themselves() -> None:
    def near_tie(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = run(waves)
        flat = np.zeros_like(logits)
        flat[:, ::2, 0] = 5.0  # every second frame is clear
        flat[:, 1::2, 0] = 0.1
        return flat, features

    def nudged(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = near_tie(waves)
        return logits + np.float32(0.5) * (np.arange(9) == 4), features

    found = deviation(nudged, near_tie, grid((16000,)))
    assert found.changed == pytest.approx(0.5)
    assert found.changed_clear == 0.0
