"""A microphone as a session: PortAudio's callback copies, a thread watches over the device.

A device can vanish in three ways: the stream ends, blocks stop coming, or exact zeros come because
the system moved the stream elsewhere. Each is a lost source: it is opened again, with growing
pauses, while a gap as long as the clock says stands in the session.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ...models.window import Float32
from ..events import Fault, Notice
from ..monitor import Monitor
from ..session import Session
from ..session_spec import LegSpec, SessionSpec
from .devices import Device, DeviceError, devices, find_device, sound_library

BLOCK_S = 0.02
WATCH_S = 0.1
FIRST_BLOCK_S = 3.0
"""Seconds until the first block must have come; later ones have `NO_BLOCK_S`."""
NO_BLOCK_S = 0.5
ZEROS_S = 5.0
"""Exact zeros for so long: the device is gone or switched off."""
BACK_OFF_S = (0.25, 0.5, 1.0, 2.0, 5.0)
MISSING_S = 0.2
"""Samples that the clock misses before they count as lost."""
LOST = "device"

log = logging.getLogger(__name__)

OnBlock = Callable[[Float32], None]


class Stream(Protocol):
    """An open device."""

    def close(self) -> None:
        """Stop it; no further block comes."""


class Backend(Protocol):
    """What opens devices."""

    def open(
        self, device: Device, rate: int, on_block: OnBlock, on_finished: Callable[[], None]
    ) -> Stream:
        """Start recording one channel. Raises DeviceError."""


class PortAudio:
    """The real backend."""

    def __init__(self, library: Any) -> None:
        self._sound = library

    def open(
        self, device: Device, rate: int, on_block: OnBlock, on_finished: Callable[[], None]
    ) -> Stream:
        """Start recording one channel. Raises DeviceError."""

        def callback(data: Float32, frames: int, times: object, status: object) -> None:
            on_block(data)

        try:
            stream = self._sound.InputStream(
                device=device.index,
                samplerate=rate,
                channels=1,
                dtype="float32",
                blocksize=round(rate * BLOCK_S),
                latency="low",
                callback=callback,
                finished_callback=on_finished,
            )
            stream.start()
        except self._sound.PortAudioError as error:
            raise DeviceError(f"microphone {device.name!r} cannot be opened: {error}") from error
        return _Opened(stream)


class _Opened:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def close(self) -> None:
        # A stream whose device has gone may refuse to stop; it is gone either way.
        self._stream.close(ignore_errors=True)


class MissingSamples:
    """Counts samples against the clock: a late callback loses some without saying so.

    The smallest lateness of the newest seconds is compared with the usual one, which follows the
    card's own clock slowly.
    """

    def __init__(self, rate: int, *, window_s: float = 2.0, follow_s: float = 60.0) -> None:
        self._rate = rate
        self._window_s = window_s
        self._follow_s = follow_s
        self._recent: deque[tuple[float, float]] = deque()
        self._usual: float | None = None
        self._seen_at = 0.0

    def push(self, now: float, samples: int) -> int:
        """`samples` have come until `now`; returns how many are missing, and counts them in."""
        self._recent.append((now, now - samples / self._rate))
        while self._recent[0][0] < now - self._window_s:
            self._recent.popleft()
        least = min(late for _, late in self._recent)
        if self._usual is None or least < self._usual:
            self._usual, self._seen_at = least, now
            return 0
        excess = least - self._usual
        full = now - self._recent[0][0] > self._window_s * 0.75
        if excess > MISSING_S and full:
            self._recent.clear()
            return round(excess * self._rate)
        share = min(1.0, (now - self._seen_at) / self._follow_s)
        self._usual, self._seen_at = self._usual + excess * share, now
        return 0


def open_microphone(
    monitor: Monitor,
    *,
    device: str | None = None,
    name: str = "",
    notice: Notice | None = None,
    context: str = "",
    profile: str = "",
    backend: Backend | None = None,
    found: list[Device] | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Session:
    """Begin a session with a microphone: one channel, one customer.

    `device`: index or part of a name, by default the system's. Raises DeviceError, AdmissionError.
    """
    if backend is None:
        library = sound_library()
        backend, found = PortAudio(library), devices(library)
    chosen = find_device(device, found or [])
    session = monitor.open(
        SessionSpec(
            source="microphone",
            rate=chosen.rate,
            legs=(LegSpec(name="customer", role="customer"),),
            name=name or chosen.name,
            notice=notice,
            context=context,
            profile=profile,
            lost_after_s=monitor.settings.listener.source_lost_s,
        )
    )
    microphone = Microphone(monitor, session, chosen, backend, now)
    monitor.attach(
        threading.Thread(target=microphone.run, name=f"microphone {session.id}", daemon=True)
    )
    return session


class Microphone:
    """Keeps a session's device open until the session has ended."""

    def __init__(
        self,
        monitor: Monitor,
        session: Session,
        device: Device,
        backend: Backend,
        now: Callable[[], float],
    ) -> None:
        self._monitor = monitor
        self._session = session
        self._device = device
        self._backend = backend
        self._now = now
        self._until = now()
        """Time up to which the session's positions stand."""
        self._block_at: float | None = None
        """When the newest block came; None before the stream's first."""
        self._sound_at = self._until
        """When the newest block came that was not all zeros."""
        self._finished = False
        self._faulty = False

    def run(self) -> None:
        """Open, watch, open again; until the session has ended."""
        tries = 0
        while not self._session.ended:
            reason = self._try()
            if self._session.ended:
                break
            tries = 0 if self._block_at is not None else tries + 1
            self._tell(reason)
            until = self._now() + BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)]
            while not self._session.wait_ended(min(WATCH_S, max(0.0, until - self._now()))):
                self._stand(self._now())
                if self._now() >= until:
                    break

    def _try(self) -> str:
        """Record until the device is lost or the session ends; why it was lost."""
        self._block_at, self._finished = None, False
        try:
            stream = self._backend.open(
                self._device, self._session.rate, self._take, self._on_finished
            )
        except DeviceError as error:
            return str(error)
        try:
            return self._watch()
        finally:
            stream.close()

    def _watch(self) -> str:
        opened = self._sound_at = self._now()
        missing = MissingSamples(self._session.rate)
        while not self._session.wait_ended(WATCH_S):
            now, block_at = self._now(), self._block_at
            if self._finished:
                return f"microphone {self._device.name!r} was unplugged"
            if now - (block_at or opened) > (NO_BLOCK_S if block_at else FIRST_BLOCK_S):
                return f"microphone {self._device.name!r} gives no sound"
            if block_at is None:
                continue
            if now - self._sound_at > ZEROS_S:
                return f"microphone {self._device.name!r} gives digital silence"
            self._mended()
            if (lost := missing.push(block_at, self._session.position)) > 0:
                self._session.gap(lost, "overflow", block_at)
        return ""

    def _take(self, block: Float32) -> None:
        """PortAudio's callback: one copy into the ring."""
        now = self._now()
        if self._block_at is None:
            self._stand(now - len(block) / self._session.rate)
        self._session.write(block, now)
        self._until = self._block_at = now
        if np.any(block):
            self._sound_at = now

    def _stand(self, until: float) -> None:
        """No samples came up to a time: a gap of exactly that length."""
        length = round((until - self._until) * self._session.rate)
        if length > 0:
            self._session.gap(length, LOST, until)
            self._until += length / self._session.rate

    def _on_finished(self) -> None:
        self._finished = True

    def _tell(self, reason: str) -> None:
        if not self._faulty:
            log.warning("session %s: %s", self._session.id, reason)
            self._faulty = True
            self._monitor.tell(
                Fault(
                    code="source",
                    message=reason,
                    way_out="plug it in again; the session goes on when it gives sound",
                    session=self._session.id,
                )
            )

    def _mended(self) -> None:
        if self._faulty and self._sound_at == self._block_at:
            self._faulty = False
            self._monitor.tell(
                Fault(
                    code="source",
                    message=f"microphone {self._device.name!r} gives sound again",
                    way_out="",
                    active=False,
                    session=self._session.id,
                )
            )
