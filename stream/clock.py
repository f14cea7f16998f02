"""Time, asked for in one place: monotonic inside, UTC at the edges. Tests turn it by hand."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Where a room gets its time from."""

    now: Callable[[], float] = time.monotonic
    """Monotonic seconds."""
    wall_ns: Callable[[], int] = time.time_ns
    """UTC, nanoseconds since 1970."""

    def to_ns(self, monotonic: float) -> int:
        """UTC nanoseconds of a monotonic time of this process."""
        return self.wall_ns() - round((self.now() - monotonic) * 1e9)

    def text(self) -> str:
        """UTC now, RFC 3339 with milliseconds."""
        moment = datetime.fromtimestamp(self.wall_ns() / 1e9, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
