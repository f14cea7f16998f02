"""Durations of the settings in frames."""

from ...models.grid import FRAME_RATE


def frames_of(milliseconds: int) -> int:
    """Whole frames in a duration, at least one."""
    return max(1, milliseconds * FRAME_RATE // 1000)
