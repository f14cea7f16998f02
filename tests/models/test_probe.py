import numpy as np
import pytest

from tonewatch.models.probe import distance, probe_wave


def test_the_wave_is_the_same_wherever_it_is_made() -> None:
    wave = probe_wave(16000)
    assert wave.dtype == np.float32
    np.testing.assert_array_equal(wave * 32768, np.round(wave * 32768))
    np.testing.assert_array_equal(probe_wave(48000)[:16000], wave)
    assert 0.05 < np.abs(wave).max() < 0.9
    # A formula, so these never change; a random generator might.
    assert [round(float(x) * 32768) for x in wave[[0, 1000, 9999]]] == [287, -4788, 34]


def test_the_distance_is_that_of_the_utterance_over_known_labels() -> None:
    logits = np.zeros((4, 9), np.float32)
    logits[:, 2] = [1, 3, 1, 3]
    logits[:, 8] = 50
    known = np.arange(9) < 8
    assert distance(logits, np.zeros(9), known) == pytest.approx(2.0)
    logits[0, 0] = np.nan
    assert np.isnan(distance(logits, np.zeros(9), known))
