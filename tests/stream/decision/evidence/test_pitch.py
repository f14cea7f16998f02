"""Pitch, on voices whose pitch is known."""

import threading

import numpy as np
import pytest
from tests.stream.decision.evidence.voices import voice

from tonewatch.stream.decision.evidence.pitch import HOP, Beside, Contour, SwiftF0


@pytest.mark.parametrize("hz", [90.0, 150.0, 260.0])
def test_the_pitch_of_a_voice_is_found_within_a_quarter_of_a_semitone(hz: float) -> None:
    contour = SwiftF0().track(voice(1.0, hz))
    found = contour.hz[contour.voiced]
    assert len(found) > 40
    assert abs(12 * np.log2(np.median(found) / hz)) < 0.25


def test_silence_and_noise_have_no_pitch() -> None:
    pitch = SwiftF0()
    assert not pitch.track(np.zeros(16_000, np.float32)).voiced.any()
    noise = np.random.default_rng(1).normal(0, 0.05, 16_000).astype(np.float32)
    assert pitch.track(noise).voiced.mean() < 0.1


def test_less_than_a_hop_has_no_values() -> None:
    assert len(SwiftF0().track(np.zeros(HOP - 1, np.float32)).hz) == 0


def test_semitones_count_from_100_hz_and_only_where_there_is_voice() -> None:
    contour = Contour(hz=np.array([200.0, 50.0]), voiced=np.array([True, False]))
    assert contour.semitones[0] == pytest.approx(12.0)
    assert np.isnan(contour.semitones[1])


def test_the_thread_beside_ends_when_told() -> None:
    before = set(threading.enumerate())
    beside = Beside(SwiftF0())
    found = beside.begin(np.zeros(16_000, np.float32))
    beside.end()
    assert not found().voiced.any()
    assert set(threading.enumerate()) == before
