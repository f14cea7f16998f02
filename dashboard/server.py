"""uvicorn around the application, so that stuck peers cost nothing and the end comes in time."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from ..stream.sources.pcm_messages import GOING_AWAY
from .shortcut import (
    CONTROL,
    EXTENSION,
    FINAL,
    WHOLE_BINARY,
    Shortcut,
    UncutError,
    payload_of,
    unmasked,
)

STOP_S = 5
"""Seconds that open requests and sockets may take when the server stops."""
LARGEST_MESSAGE = 1 << 16
"""Bytes of a message that a socket takes; more is closed with 1009."""


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer may have stopped reading.

    uvicorn closes a connection after sending what waits, which never ends where the peer takes
    nothing. Here such a connection is cut. Sound may take a shortcut past the queue.
    """

    _shortcut: Shortcut | None = None
    _cutting = False
    """Whether what the peer sends is cut into frames here: never its request."""
    _rest = b""
    """The beginning of a frame."""
    _fragmented = False
    """Whether a message has begun whose last frame has not come."""

    async def run_asgi(self) -> None:
        """Serve; afterwards cut the connection if it is stuck."""
        self._shortcut = Shortcut()
        extensions: dict[str, object] = {**self.scope["extensions"], EXTENSION: self._shortcut}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ours among them
        await super().run_asgi()
        self._cut_if_stuck()

    def data_received(self, data: bytes) -> None:
        """Sound goes at once to whoever takes it, where nothing waits before it; the rest to the
        protocol's parser, in whole frames, so that it stands between two of them."""
        if not self._cutting:
            begins = not self.handshake_initiated
            super().data_received(data)
            self._cutting = begins and self.handshake_initiated
            return
        if self._rest:
            data = self._rest + data
        at = told = 0
        try:
            while (payload := payload_of(data, at, LARGEST_MESSAGE)) and payload[1] <= len(data):
                first = data[at]
                if first == WHOLE_BINARY:
                    self._parse(data[told:at])
                    told = at
                    if (take := self._taker()) is not None:
                        take(unmasked(data, *payload))
                        told = payload[1]
                elif not first & CONTROL:
                    self._fragmented = not first & FINAL
                at = payload[1]
        except UncutError:
            self._cutting, at = False, len(data)
        self._rest = data[at:]
        self._parse(data[told:at])

    def _parse(self, frames: bytes) -> None:
        if frames:
            super().data_received(frames)

    def _taker(self) -> Callable[[bytes], None] | None:
        """Who takes a message of sound at once; None where it has to go the usual way."""
        waits = self._fragmented or self.close_sent or not self.queue.empty()
        if waits or self._shortcut is None or self.conn.state is not State.OPEN:
            return None
        return self._shortcut.take

    def shutdown(self) -> None:
        """The server stops: senders and viewers are told to come back (1001; uvicorn says 1012)."""
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
        else:
            super().shutdown()
        self._cut_if_stuck()

    def _cut_if_stuck(self) -> None:
        if not self.writable.is_set():
            self.transport.abort()


class Server(uvicorn.Server):
    """A server that says when it accepts connections, and leaves none behind when it stops."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; what has not ended in time is cut.

        A peer that takes nothing may still fit into the buffers, so that its connection did not
        count as stuck.
        """
        await super().shutdown(sockets)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        # The sockets are closed in the next turn of the event loop.
        await asyncio.sleep(0)


def make_server(app: FastAPI, on_ready: Callable[[], None] = lambda: None) -> Server:
    """The server; `run(sockets=[bound])` returns after Ctrl-C or SIGTERM.

    `on_ready` is called on the event loop as soon as connections are accepted.
    """
    config = uvicorn.Config(
        app,
        ws=Socket,
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_MESSAGE,
        timeout_graceful_shutdown=STOP_S,
        log_level="warning",
        server_header=False,
    )
    return Server(config, on_ready)
