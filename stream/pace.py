"""How far apart an engine's windows may be under load: pure, fed with counts once a second.

An engine that is asked for more than it can do answers everything late, though half of it is
superseded while it waits. Asked for every second window it answers each at once.
"""

from dataclasses import dataclass

PERIOD_S = 1.0
"""Seconds between two looks."""
BUSY = 0.85
"""Share of time at which the engine has no room left: windows are set further apart."""
CALM = 0.35
"""Share of time at which twice the windows would still leave room."""
CALM_LOOKS = 5
"""Calm looks in a row before windows come closer: a pause in the talk is no fall of the load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Counts of an engine since it started."""

    at: float
    """Monotonic seconds."""
    busy: float
    """Seconds of work so far."""
    superseded: int
    """Windows given up because a newer one of the leg came while they waited."""


class Pace:
    """The factor by which the hop of live legs is stretched: 1, 2, 4 .. up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._before: Load | None = None
        self._calm = 0
        self.factor = 1

    def look(self, load: Load) -> bool:
        """Take a look, at most one a second counts; whether the factor has changed."""
        before = self._before
        if before is not None and load.at - before.at < PERIOD_S:
            return False
        self._before = load
        if before is None:
            return False
        share = (load.busy - before.busy) / (load.at - before.at)
        factor = self.factor
        self._calm = self._calm + 1 if share < CALM else 0
        if load.superseded > before.superseded or share > BUSY:
            self.factor = min(factor * 2, self._most)
        elif self._calm >= CALM_LOOKS:
            self.factor = max(factor // 2, 1)
        if self.factor != factor:
            self._calm = 0
        return self.factor != factor


class EveryNth:
    """Which windows of a leg are read at a factor: each `factor`-th, counted leg by leg."""

    def __init__(self) -> None:
        self._passed: dict[str, int] = {}

    def take(self, leg: str, factor: int) -> bool:
        """Whether the leg's next window is to be read."""
        passed = self._passed.get(leg, factor) + 1
        due = passed >= factor
        self._passed[leg] = 0 if due else passed
        return due

    def forget(self, leg: str) -> None:
        """The leg has ended."""
        self._passed.pop(leg, None)
