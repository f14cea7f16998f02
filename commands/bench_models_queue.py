"""How many calls one engine holds: measured costs put through the engine thread's own rules.

Not a measurement of the whole program: sockets, listeners and pages take their share of the cores.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..stream.pace import EveryNth, Load, Pace

LIMIT_MS = 500.0
_SETTLING_S = 5.0
LOST = 0.01
"""Most windows that may be superseded: an engine that skips them is never late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A window of the pattern call: when its sound is there, and what reading it costs."""

    at: float
    """Seconds."""
    cost: float
    """Seconds of the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a number of channels came to."""

    channels: int
    p50_ms: float
    p95_ms: float
    """From the newest sample of a window to its answer."""
    lost: float
    """Share of windows that were superseded."""
    busy: float
    """Share of time at which the engine worked."""
    stretch: float
    """Mean factor by which the hop was stretched, over windows."""

    @property
    def ok(self) -> bool:
        """Whether so many are held."""
        return self.p95_ms < LIMIT_MS and self.lost <= LOST


def simulate(
    pattern: Sequence[Arrival],
    seconds: float,
    channels: int,
    *,
    hop_s: float,
    most_pace: int = 1,
    keep: int = 1,
) -> Held:
    """Let `channels` calls, each at another place of the pattern, share one engine.

    `seconds`: length of the pattern, which is passed through once. `keep`: windows of a leg that
    may wait; one more takes the place of the oldest. The first five seconds are not counted.
    """
    events = _events(pattern, seconds, channels, hop_s)
    pace, turns = Pace(most_pace), EveryNth()
    waiting: dict[int, deque[Arrival]] = {}
    order: list[tuple[float, int]] = []
    """A heap of arrivals; those superseded stay in it until they are met."""
    latencies: list[float] = []
    stretch: list[int] = []
    free = busy = 0.0
    superseded = came = at = 0
    while at < len(events) or waiting:
        now = max(free, events[at][0]) if not waiting else free
        while at < len(events) and events[at][0] <= now:
            moment, channel, window = events[at]
            at += 1
            came += 1
            stretch.append(pace.factor)
            if not turns.take(str(channel), pace.factor):
                continue
            queue = waiting.setdefault(channel, deque())
            queue.append(Arrival(at=moment, cost=window.cost))
            heapq.heappush(order, (moment, channel))
            if len(queue) > keep:
                queue.popleft()
                superseded += 1
        task = _oldest(waiting, order)
        if task is None:
            continue
        free = now + task.cost
        busy += task.cost
        if task.at >= _SETTLING_S:
            latencies.append(1e3 * (free - task.at))
        pace.look(Load(at=free, busy=busy, superseded=superseded))
    return Held(
        channels=channels,
        p50_ms=float(np.percentile(latencies, 50)) if latencies else 0.0,
        p95_ms=float(np.percentile(latencies, 95)) if latencies else 0.0,
        lost=superseded / max(came, 1),
        busy=busy / max(seconds, free),
        stretch=float(np.mean(stretch)) if stretch else 1.0,
    )


def _oldest(waiting: dict[int, deque[Arrival]], order: list[tuple[float, int]]) -> Arrival | None:
    """Take out the window that has waited longest; None where none waits."""
    while order:
        moment, channel = heapq.heappop(order)
        queue = waiting.get(channel)
        if queue and queue[0].at == moment:
            task = queue.popleft()
            if not queue:
                del waiting[channel]
            return task
    return None


def _events(
    pattern: Sequence[Arrival], seconds: float, channels: int, hop_s: float
) -> list[tuple[float, int, Arrival]]:
    """Windows of all channels by time: at chance places of the call, ends spread over the hop."""
    places = np.random.default_rng(0).integers(0, max(1, int(seconds / hop_s)), max(channels, 1))
    rows = []
    for channel in range(channels):
        shift = float(places[channel]) * hop_s + channel / channels * hop_s
        rows += [((one.at + shift) % seconds, channel, one) for one in pattern]
    return sorted(rows, key=lambda row: row[:2])


def capacity(hold: Callable[[int], Held], most: int) -> Held:
    """The largest number of channels that is held: doubled until one is not, then halved in."""
    good, bad = hold(1), 2
    if not good.ok:
        return hold(0)
    while bad <= most and (tried := hold(bad)).ok:
        good, bad = tried, bad * 2
    while bad - good.channels > 1:
        tried = hold((good.channels + bad) // 2)
        if tried.ok:
            good = tried
        else:
            bad = tried.channels
    return good
