"""Acting on a bus's events in a thread of its own, which a disk or a database may keep waiting."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from .bus import Bus, Mail
from .events import Activity, EngineStatus, Readings

MAILBOX = 10_000
JOIN_S = 10.0
"""Seconds to wait at the end for what has still to be done."""


@contextlib.contextmanager
def follower(bus: Bus, name: str, act: Callable[[Mail], None]) -> Iterator[None]:
    """Act on every rare event, and on every loss, in order; what came before the end is done too.

    Rare is all but readings, meters and the engine's status, which come many times a second.

    `act` must not raise: it would end the thread.
    """
    mailbox = bus.subscribe(name, MAILBOX, "report", but=(Readings, Activity, EngineStatus))

    def run() -> None:
        while mail := mailbox.take(timeout=None):
            for item in mail:
                act(item)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        mailbox.close()
        thread.join(JOIN_S)
