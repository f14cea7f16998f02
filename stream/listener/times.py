"""When the samples of a stream were captured."""

from collections import deque


class CaptureTimes:
    """Remembers capture times at positions of one leg, and tells them of positions between."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        """Positions in a second."""
        self._known: deque[tuple[int, float]] = deque()

    def add(self, position: int, captured_at: float) -> None:
        """The sample before `position`, the newest so far, was captured then (seconds)."""
        self._known.append((position, captured_at))

    def at(self, position: float) -> float:
        """When the sample before a position was captured; ask in rising order.

        Between two known times it is reckoned back from the later one: samples of a block arrive
        together, but were captured one after the other.
        """
        while len(self._known) > 1 and self._known[0][0] < position:
            self._known.popleft()
        stop, captured_at = self._known[0]
        return captured_at - max(0.0, stop - position) / self._rate
