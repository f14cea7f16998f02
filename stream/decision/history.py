"""The call so far as context: thresholds that follow the voice's own running state.

A voice that reads as fearful or disgusted all the time is not news each time: the floors rise by a
part of what its running score exceeds the usual one, and fall below it for a voice that never does.
"""

from collections import deque

import numpy as np

from ...models.grid import FRAME_RATE
from ..settings import DecisionSettings
from .arrays import Float64, Int64

_STEPS = 1024.0
"""Steps of a point: sums of integers are the same under any chunking."""


class History:
    """One leg's running state, in blocks of a second of speech."""

    def __init__(self, settings: DecisionSettings) -> None:
        self._settings = settings
        self._blocks: deque[int] = deque(maxlen=max(1, int(settings.adapt_s)))
        self._sum = 0
        self._count = 0

    def push(self, stronger: Float64, settled: int) -> Float64:
        """Points [k] by which the floors rise at k speech frames.

        `stronger` [k] is the higher one of the two independent scores; only the first `settled`
        frames are remembered. A frame's rise rests on whole seconds of speech before it.
        """
        rises = np.zeros(len(stronger))
        if not self._settings.adaptive:
            return rises
        steps: Int64 = np.rint(stronger * _STEPS).astype(np.int64)
        for row in range(settled):
            rises[row] = self._rise()
            self._sum += int(steps[row])
            self._count += 1
            if self._count == FRAME_RATE:
                self._blocks.append(self._sum)
                self._sum = self._count = 0
        rises[settled:] = self._rise()
        return rises

    def _rise(self) -> float:
        settings = self._settings
        if len(self._blocks) < settings.adapt_after_s:
            return 0.0
        running = sum(self._blocks) / (len(self._blocks) * FRAME_RATE * _STEPS)
        rise = settings.adapt_gain * (running - settings.adapt_usual_points)
        return float(np.clip(rise, -settings.adapt_most_points, settings.adapt_most_points))
