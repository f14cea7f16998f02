"""uvicorn around the application, so that stuck peers cost nothing and the end comes in time."""

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

STOP_S = 5
"""Seconds that open requests and sockets may take when the server stops."""
LARGEST_MESSAGE = 1 << 16
"""Bytes of a message that a socket takes; more is closed with 1009."""


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer may have stopped reading.

    uvicorn closes a connection after sending what waits, which never ends where the peer takes
    nothing. Here such a connection is cut.
    """

    async def run_asgi(self) -> None:
        """Serve; afterwards cut the connection if it is stuck."""
        await super().run_asgi()
        self._cut_if_stuck()

    def shutdown(self) -> None:
        """The server stops."""
        super().shutdown()
        self._cut_if_stuck()

    def _cut_if_stuck(self) -> None:
        if not self.writable.is_set():
            self.transport.abort()


def make_server(app: FastAPI) -> uvicorn.Server:
    """The server; `run(sockets=[bound])` returns after Ctrl-C or SIGTERM."""
    config = uvicorn.Config(
        app,
        ws=Socket,
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_MESSAGE,
        timeout_graceful_shutdown=STOP_S,
        log_level="warning",
        server_header=False,
    )
    return uvicorn.Server(config)
