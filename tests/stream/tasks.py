"""Windows that wait for an engine, for tests."""

import numpy as np

from tonewatch.models.window import Window
from tonewatch.stream.waiting import Task


def window(leg: str = "s/customer", end: float = 1.0) -> Window:
    return Window(
        leg=leg,
        start_frame=round(end * 50),
        samples=np.full(16_000, 0.1, np.float32),
        speech=1.0,
        captured_at=end,
    )


def task(leg: str = "s/customer", end: float = 1.0, *, live: bool = True, at: float = 0.0) -> Task:
    return Task(window=window(leg, end), live=live, queued_at=at)
