"""What is measured of a stretch, on voices made with known properties."""

import math

import numpy as np
import pytest
from tests.stream.decision.evidence.voices import voice

from tonewatch.models.grid import FRAME_SAMPLES
from tonewatch.models.window import Float32
from tonewatch.stream.decision.evidence.measures import Measures, measure
from tonewatch.stream.decision.evidence.pitch import SwiftF0

PITCH = SwiftF0()


def measured(samples: Float32, speech: np.ndarray | None = None) -> Measures:
    samples = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES]
    flags = np.ones(len(samples) // FRAME_SAMPLES, np.bool_) if speech is None else speech
    return measure(samples, flags, PITCH.track(samples))


def test_pitch_is_told_in_semitones_above_100_hz() -> None:
    assert measured(voice(2.0, 200.0)).pitch == pytest.approx(12.0, abs=0.2)


def test_a_voice_that_moves_has_more_melody() -> None:
    assert measured(voice(2.0, wobble=3.0)).melody > measured(voice(2.0)).melody + 1.0


def test_a_brighter_voice_has_more_in_the_high_band_whatever_its_level() -> None:
    plain, bright = voice(2.0), voice(2.0, bright=6.0)
    assert measured(bright).high_band == pytest.approx(measured(plain).high_band + 6.0, abs=1.0)
    assert measured(plain * np.float32(0.25)).high_band == pytest.approx(
        measured(plain).high_band, abs=0.1
    )


@pytest.mark.parametrize("rate", [3.0, 5.0])
def test_syllables_are_counted(rate: float) -> None:
    assert measured(voice(3.0, syllables=rate)).syllables == pytest.approx(rate, abs=0.7)


def test_too_little_speech_says_nothing() -> None:
    told = measured(voice(0.4))
    assert all(math.isnan(getattr(told, name)) for name in Measures.__slots__)


def test_the_band_of_a_telephone_is_seen() -> None:
    assert measured(voice(2.0, top_hz=3300.0)).bandwidth_hz < 4500
    assert measured(voice(2.0)).bandwidth_hz > 5000
