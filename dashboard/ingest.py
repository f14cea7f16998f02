"""`/ingest/v1`: the socket around Plain PCM v1 (docs/ingest-protocol.md)."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..stream.sources.directory import Directory
from ..stream.sources.pcm import Ingest
from ..stream.sources.pcm_messages import SUBPROTOCOL, Action, Close
from .errors import body

TICK_S = 0.25
"""Seconds between two looks at all senders."""


async def watch(directory: Directory) -> None:
    """Let the directory look after its senders, for ever."""
    while True:
        directory.tick()
        await asyncio.sleep(TICK_S)


class Sender:
    """One sender's socket on the event loop."""

    def __init__(
        self, socket: WebSocket, directory: Directory, allow: Callable[[str], bool], token: str
    ) -> None:
        self._socket = socket
        self._wake = asyncio.Event()
        self._ingest = Ingest(directory, allow=allow, header_token=token, wake=self._wake.set)
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Until the sender ends or vanishes."""
        if SUBPROTOCOL not in self._socket.scope.get("subprotocols", []):
            await self._socket.send_denial_response(_subprotocol_missing())
            return
        await self._socket.accept(subprotocol=SUBPROTOCOL)
        ticking = asyncio.create_task(self._tick())
        try:
            while not self._ingest.closed:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if (text := message.get("text")) is not None:
                    await self._perform(self._ingest.receive_text(text))
                elif (data := message.get("bytes")) is not None:
                    await self._perform(self._ingest.receive_bytes(data))
        except (WebSocketDisconnect, RuntimeError):
            pass  # the sender has vanished: the session waits for it to come back
        finally:
            ticking.cancel()
            self._ingest.disconnected()

    async def _tick(self) -> None:
        while not self._ingest.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._ingest.tick_s)
            self._wake.clear()
            await self._perform(self._ingest.tick())

    async def _perform(self, actions: Iterable[Action]) -> None:
        async with self._sending:
            for action in actions:
                if self._socket.application_state is not WebSocketState.CONNECTED:
                    return
                if isinstance(action, Close):
                    await self._socket.close(action.code, action.reason)
                else:
                    await self._socket.send_text(action.text)


def _subprotocol_missing() -> JSONResponse:
    what = f"offer the WebSocket subprotocol {SUBPROTOCOL}"
    return JSONResponse(body("subprotocol", what, "see docs/ingest-protocol.md"), 400)
