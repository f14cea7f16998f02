"""A way for messages of sound past the protocol's parser and the application's queue, which at
hundreds of senders cost many times what is done with a message."""

from collections.abc import Callable, Mapping
from typing import Any, Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled one for this platform
    from websockets.utils import apply_mask

EXTENSION = "tonewatch.shortcut"
"""Where a scope's extensions hold it, if the server has one."""
FINAL: Final = 0x80
"""Bit of a frame's first byte: the last one of its message."""
CONTROL: Final = 0x08
"""Bit of a frame's first byte: a ping, pong or close, no part of a message."""
WHOLE_BINARY: Final = FINAL | 0x02
"""First byte of a binary message that is one frame."""
_MASKED: Final = 0x80
_MASK: Final = 4
"""Bytes of the mask, in front of the payload."""
_LENGTHS: Final = {126: 2, 127: 8}
"""Bytes that follow where the length is not in the second byte."""


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


class UncutError(Exception):
    """What no client may send; the protocol's own parser knows what to say."""


def payload_of(data: bytes, at: int, largest: int) -> tuple[int, int] | None:
    """Where the payload lies of the WebSocket frame (RFC 6455, section 5.2) that begins at `at`.

    [begin, stop), the stop perhaps behind the data; None where its header has not all come yet.
    Raises UncutError for a frame without a mask or of more than `largest` bytes.
    """
    begin = at + 2
    if begin > len(data):
        return None
    if not data[at + 1] & _MASKED:
        raise UncutError
    length = data[at + 1] & ~_MASKED
    if more := _LENGTHS.get(length, 0):
        if begin + more > len(data):
            return None
        length = int.from_bytes(data[begin : begin + more], "big")
    if length > largest:
        raise UncutError
    begin += more + _MASK
    return begin, begin + length


def unmasked(data: bytes, begin: int, stop: int) -> bytes:
    """The payload at [begin, stop) of a masked frame."""
    return apply_mask(memoryview(data)[begin:stop], data[begin - _MASK : begin])
