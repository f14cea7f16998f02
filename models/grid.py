"""The time grid that every room shares: 16 kHz samples and 20 ms frames.

Positions are integers (samples or frames of one leg, counted from its first sample, gaps
included). Seconds appear only where a person or JSON reads them, and only this module converts.
"""

SAMPLE_RATE = 16_000
"""Samples per second of everything behind the listener."""
FRAME_SAMPLES = 320
"""Samples per frame: 20 ms."""
FRAME_RATE = SAMPLE_RATE // FRAME_SAMPLES
"""Frames per second: 50."""


def frames_to_samples(frames: int) -> int:
    """Position of the first sample of a frame."""
    return frames * FRAME_SAMPLES


def whole_frames(samples: int) -> int:
    """Number of whole frames in `samples` samples (rounded down)."""
    return samples // FRAME_SAMPLES


def frames_to_seconds(frames: int) -> float:
    """Seconds from the leg's first sample to the start of a frame."""
    return frames / FRAME_RATE


def seconds_to_frames(seconds: float) -> int:
    """Nearest frame to a time in seconds; a half rounds to the even frame."""
    return round(seconds * FRAME_RATE)


def samples_to_seconds(samples: int) -> float:
    """Seconds of `samples` samples at 16 kHz."""
    return samples / SAMPLE_RATE
