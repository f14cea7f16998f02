"""A session as its source and its operators see it: sound in, a few orders, its newest state.

Rules of this file: nothing here computes. Writing copies into rings under one short lock; what an
order changes at once (paused, scoring) is checked where sound is taken, and everything else is done
by the signal thread, which owns the session's cores.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..models.grid import FRAME_RATE, SAMPLE_RATE
from ..models.window import Float32
from .events import Event, Mark, Notice, SessionChanged, SessionInfo
from .law import STOPPED
from .ring import Ring
from .session_spec import SessionSpec

PAUSED = "paused"
"""Reason of the gap that a pause leaves."""
ERASED = "scores erased"
"""Mark at which all earlier scores of a session were withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLinks:
    """What a session needs of the monitor; all of it can be called from any thread."""

    tell: Callable[[Event], None]
    """Publish, and log where the session is recorded."""
    changed: Callable[[SessionInfo], None]
    """Keep the new state with the recording."""
    wake: Callable[[], None]
    """There is something for the signal thread to do."""
    start_scoring: Callable[["Session", Notice | None], None]
    stop_scoring: Callable[["Session", bool], None]
    durable: Callable[[str], int]
    """20 ms frames on disk."""
    now: Callable[[], float]


class Session:
    """One call. Sources call `write`, `gap`, `end`; operators the rest; any thread may."""

    def __init__(
        self,
        info: SessionInfo,
        spec: SessionSpec,
        *,
        ring_s: float,
        start: int,
        links: SessionLinks,
    ) -> None:
        self.spec = spec
        self.rings = tuple(
            Ring(leg.name, round(ring_s * spec.rate), start=start) for leg in spec.legs
        )
        self._links = links
        self._info = info
        self._state = threading.Lock()
        self._taking = threading.Condition()
        self._paused = info.state == PAUSED
        self._end: tuple[Literal["ended", "lost"], str] | None = None
        self._left = False
        self.stops = 0
        """How often scoring was stopped: an order to start that is older has no effect."""
        self._closed = threading.Event()
        self.last_sound_at = links.now()
        """Monotonic seconds of the newest samples; gaps do not count."""

    @property
    def id(self) -> str:
        """Id of the session."""
        return self._info.id

    @property
    def info(self) -> SessionInfo:
        """The session's newest state."""
        return self._info

    @property
    def rate(self) -> int:
        """Samples per second of its source."""
        return self.spec.rate

    @property
    def channels(self) -> int:
        """Number of legs."""
        return len(self.rings)

    @property
    def pace(self) -> Literal["live", "file"]:
        """Whether the source is as fast as time or as fast as we are."""
        return self.spec.pace

    @property
    def scoring(self) -> tuple[str, ...]:
        """Names of the legs that are scored."""
        info = self._info
        return tuple(leg.name for leg in info.legs if leg.scored) if info.scoring else ()

    @property
    def scoring_reason(self) -> str:
        """Why nothing is scored; empty while scoring."""
        return self._info.scoring_reason

    @property
    def position(self) -> int:
        """Samples of each leg so far, gaps included."""
        return self.rings[0].written

    @property
    def free(self) -> int:
        """Samples that can be written without losing older ones."""
        return min(ring.free for ring in self.rings)

    @property
    def durable(self) -> int:
        """Samples of each leg that are on disk: whole 20 ms frames of all legs."""
        return min(self._links.durable(self.id) * self.rate // FRAME_RATE, self.position)

    @property
    def lag_s(self) -> float:
        """Seconds of sound that were taken and not listened to yet."""
        return max(ring.waiting for ring in self.rings) / self.rate

    @property
    def ended(self) -> bool:
        """Whether nothing more is taken."""
        return self._end is not None

    @property
    def end_asked(self) -> tuple[Literal["ended", "lost"], str] | None:
        """State and reason that the session was told to end with; None while it runs."""
        return self._end

    @property
    def left(self) -> bool:
        """Whether it was left open on disk, for its source to come back to."""
        return self._left

    def write(self, block: Float32, captured_at: float | None = None) -> bool:
        """Take samples [n, channels] in [-1, 1]; false once the session has ended.

        While it is paused they only take up time. Never blocks: a late reader loses the oldest.
        Raises ValueError for another shape.
        """
        if block.ndim != 2 or block.shape[1] != len(self.rings):
            raise ValueError(
                f"session {self.id}: expected samples [n, {len(self.rings)}], got {block.shape}"
            )
        return self._take(block, len(block), PAUSED, captured_at)

    def gap(self, length: int, reason: str, captured_at: float | None = None) -> bool:
        """The source has no samples for `length` positions; false once the session has ended."""
        return self._take(None, length, reason, captured_at)

    def wait_free(self, samples: int, timeout: float) -> bool:
        """Wait until `samples` can be written without losing older ones, or it has ended."""
        with self._taking:
            self._taking.wait_for(lambda: self.ended or self.free >= samples, timeout)
        return self.free >= samples

    def wait_ended(self, timeout: float) -> bool:
        """Wait until nothing more is taken; false if that did not happen in time."""
        with self._taking:
            return self._taking.wait_for(lambda: self.ended, timeout)

    def drained(self) -> None:
        """The signal thread has read the rings: wake a feeder that waits for room."""
        with self._taking:
            self._taking.notify_all()

    def pause(self) -> None:
        """From now on nothing that is said reaches a window or the disk; a gap stands there."""
        with self._taking:
            self._paused = True
        self._change(state="paused")

    def resume(self) -> None:
        """Listen again."""
        with self._taking:
            self._paused = False
        self._change(state="live")

    def stop_scoring(self, *, erase: bool = False, reason: str = STOPPED) -> None:
        """Score nothing from now on, windows in progress included; the call stays recorded.

        `erase` also withdraws the scores so far.
        """
        with self._state:
            self.stops += 1
        self._change(scoring=False, scoring_reason=reason)
        self._links.stop_scoring(self, erase)

    def start_scoring(self, notice: Notice | None = None) -> None:
        """Score customers (again) from now on; the result covers all that was scored.

        `notice`: how the people heard were told, if newer than the session's own. Raises
        NotAllowedError where nobody was told or no leg is a customer.
        """
        self._links.start_scoring(self, notice)

    def score(self, info: SessionInfo, stops: int) -> bool:
        """Take a ruling's legs and notice over, if scoring was not stopped after `stops` times.

        By the signal thread, before it makes the cores.
        """
        with self._state:
            if self.stops != stops:
                return False
            self._put(legs=info.legs, scoring=True, scoring_reason="", notice=info.notice)
        return True

    def rename(self, name: str) -> None:
        """Change the name that is shown. Raises ValueError for more than 128 characters."""
        if len(name) > 128:
            raise ValueError("a session's name has 128 characters at most")
        self._change(name=name)

    def mark(self, name: str, at: int | None = None) -> None:
        """Note something at a sample position of the source (default: now)."""
        position = self.position if at is None else at
        self._links.tell(Mark(session=self.id, name=name, at=position * SAMPLE_RATE // self.rate))

    def end(self, state: Literal["ended", "lost"] = "ended", reason: str = "") -> None:
        """No samples follow. What was taken is still read, then the folder is finished."""
        with self._taking:
            if self._end is None:
                self._end = (state, reason)
            self._taking.notify_all()
        self._links.wake()

    def leave(self) -> None:
        """The monitor stops: take no more, and leave the folder open at the last whole frame.

        Without effect once the session was told to end.
        """
        with self._taking:
            if self._end is None:
                self._end, self._left = ("lost", ""), True
            self._taking.notify_all()
        self._links.wake()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until the last reading was told and the recorder has got everything."""
        return self._closed.wait(timeout)

    def seal(self, state: Literal["ended", "lost"], ended_at: str) -> SessionInfo:
        """Its last state; what is changed afterwards has no effect. By the signal thread."""
        with self._state:
            self._info = replace(self._info, state=state, ended_at=ended_at)
            return self._info

    def close(self) -> None:
        """All was told and handed to the recorder. By the signal thread."""
        self._closed.set()

    def put_folder(self, folder: str) -> None:
        """The recorder has made the folder."""
        self._change(folder=folder)

    def _take(
        self, block: Float32 | None, length: int, reason: str, captured_at: float | None
    ) -> bool:
        at = self._links.now() if captured_at is None else captured_at
        with self._taking:
            if self._end is not None:
                return False
            silent = block is None or self._paused
            for channel, ring in enumerate(self.rings):
                if silent or block is None:
                    ring.skip(length, PAUSED if self._paused else reason, at)
                else:
                    ring.write(block[:, channel], at)
            if block is not None:
                self.last_sound_at = self._links.now()
        self._links.wake()
        return True

    def _change(self, **fields: Any) -> None:
        with self._state:
            self._put(**fields)

    def _put(self, **fields: Any) -> None:
        info = replace(self._info, **fields)
        if self._info.state in ("ended", "lost") or info == self._info:
            return
        self._info = info
        self._links.tell(SessionChanged(session=info))
        self._links.changed(info)
