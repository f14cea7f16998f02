"""uvicorn around the application, so that stuck peers cost nothing and the end comes in time."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from ..stream.sources.pcm_messages import GOING_AWAY
from .shortcut import EXTENSION, Shortcut

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

    async def run_asgi(self) -> None:
        """Serve; afterwards cut the connection if it is stuck."""
        self._shortcut = Shortcut()
        extensions: dict[str, object] = {**self.scope["extensions"], EXTENSION: self._shortcut}
        self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ours among them
        await super().run_asgi()
        self._cut_if_stuck()

    def handle_bytes(self, event: Frame) -> None:
        """A binary message: at once to whoever takes it, unless an earlier message still waits."""
        take = self._shortcut.take if self._shortcut is not None else None
        if take is None or not event.fin or self.close_sent or not self.queue.empty():
            super().handle_bytes(event)
        else:
            take(bytes(event.data))

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
