"""How late readings are, over a sliding number of the newest ones."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds from the capture of a window's newest sample to its event."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None


class LatencyMeter:
    """Keeps the newest readings' latencies of live sessions. From any thread."""

    def __init__(self, keep: int = 2000) -> None:
        self._newest: deque[float] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def add(self, milliseconds: float) -> None:
        """One more reading."""
        with self._lock:
            self._newest.append(milliseconds)

    def latency(self) -> Latency:
        """Percentiles so far; null without a reading."""
        with self._lock:
            newest = np.array(self._newest)
        if not len(newest):
            return Latency(count=0, p50=None, p95=None, p99=None)
        p50, p95, p99 = np.percentile(newest, [50, 95, 99]).round(1).tolist()
        return Latency(count=len(newest), p50=p50, p95=p95, p99=p99)
