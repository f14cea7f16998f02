"""Voices made of harmonics, with a known pitch, rhythm and brightness."""

import numpy as np

from tonewatch.models.grid import FRAME_SAMPLES, SAMPLE_RATE
from tonewatch.models.window import Float32
from tonewatch.stream.listener.heard import Heard, quantise


def voice(
    seconds: float,
    hz: float = 150.0,
    *,
    wobble: float = 0.0,
    syllables: float = 4.0,
    bright: float = 0.0,
    top_hz: float = 7000.0,
) -> Float32:
    """A voice [N] at `hz`, moving by `wobble` semitones, in bursts; `bright`: dB above 2 kHz."""
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = hz * 2 ** (wobble / 12 * np.sin(2 * np.pi * 1.3 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    wave = np.zeros_like(t)
    for number in range(1, int(top_hz / (hz * 1.3))):
        high = 10 ** (bright / 20) if number * hz > 2000 else 1.0
        wave += high * np.sin(number * phase) / number**1.2
    burst = 0.55 - 0.45 * np.cos(2 * np.pi * syllables * t)
    return np.asarray(0.2 * wave * burst, np.float32)


def heard(samples: Float32, start_frame: int = 0, *, speech: bool = True) -> Heard:
    """Whole frames of samples, all of them speech or none."""
    count = len(samples) // FRAME_SAMPLES
    return Heard(
        leg="a",
        start_frame=start_frame,
        samples=quantise(samples[: count * FRAME_SAMPLES]),
        speech=np.full(count, speech),
        gap=np.zeros(count, np.bool_),
        captured_at=0.0,
    )


def silence(seconds: float, start_frame: int = 0) -> Heard:
    """Frames in which nobody speaks."""
    return heard(np.zeros(int(seconds * SAMPLE_RATE), np.float32), start_frame, speech=False)
