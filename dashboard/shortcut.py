"""A way for messages of sound past the application's queue: at hundreds of senders the queue, two
changes of task and a pause of the socket for each message cost more than what is done with it."""

from collections.abc import Callable, Mapping
from typing import Any

EXTENSION = "tonewatch.shortcut"
"""Where a scope's extensions hold it, if the server has one."""


class Shortcut:
    """One connection's: whoever serves the socket may take its binary messages at once."""

    def __init__(self) -> None:
        self.take: Callable[[bytes], None] | None = None
        """Called on the event loop for each whole binary message before which no other one waits;
        it must be short and must not raise. None: messages go the usual way."""


def shortcut_of(scope: Mapping[str, Any]) -> Shortcut | None:
    """The connection's shortcut; None under a server that has none."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, Shortcut) else None
