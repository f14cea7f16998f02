"""One voice of a running session, and what it hands its results to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..models.grid import SAMPLE_RATE
from ..models.window import Window
from .audio import Chunk, Gap
from .decision.evidence.pitch import Pitch
from .events import Episode, Event, GapNoted
from .listener.listener import Listener
from .meter import Meter
from .pipeline import LegCore
from .quality import Quality
from .record.items import Item
from .ring import Ring
from .waiting import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where a call's results go; none of these blocks."""

    tell: Callable[[Event], None]
    record: Callable[[Item], object]
    submit: Callable[[Sequence[Task]], list[Window]]
    open_leg: Callable[[str], None]
    close_leg: Callable[[str], None]
    late: Callable[[float], None]
    """A live reading's latency, in milliseconds."""
    now: Callable[[], float]
    to_ns: Callable[[float], int]
    """Monotonic seconds to UTC nanoseconds."""
    pitch: Pitch | None = None
    """What evidence is measured with; None measures none."""


@dataclass(slots=True, kw_only=True)
class Leg:
    """One voice."""

    name: str
    key: str
    """Unique in the process: what windows and the engine know it by."""
    ring: Ring
    listener: Listener
    meter: Meter
    quality: Quality
    core: LegCore | None = None
    core_start: int = 0
    """First frame that the core may hear."""
    core_stop: int = 0
    """First frame that it has not heard."""
    pending: int = 0
    """Windows without an answer."""
    windows: int = 0
    superseded: int = 0
    failed: int = 0
    open_episode: Episode | None = None
    gap: Gap | None = None
    """A gap that may still grow."""

    def gap_of(self, item: Chunk | Gap | None) -> Gap | None:
        """A gap that is whole now that `item` follows; None while it grows, or without one.

        A pause comes in many small gaps: they are one.
        """
        before, self.gap = self.gap, item if isinstance(item, Gap) else None
        if before is not None and self.gap is not None and before.reason == self.gap.reason:
            length = before.length + self.gap.length
            self.gap = replace(self.gap, start=before.start, length=length)
            return None
        return before


def gap_noted(session: str, leg: str, gap: Gap, rate: int) -> GapNoted:
    """A gap at `rate` on the 16 kHz grid."""
    start = gap.start * SAMPLE_RATE // rate
    length = gap.stop * SAMPLE_RATE // rate - start
    return GapNoted(session=session, leg=leg, start=start, length=length, reason=gap.reason)
