"""`/ingest/v1`: the socket around Plain PCM v1 (docs/ingest-protocol.md)."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ..stream.sources.directory import Directory
from ..stream.sources.pcm import Ingest
from ..stream.sources.pcm_messages import (
    INTERNAL,
    SUBPROTOCOL,
    Action,
    Close,
    RefusedError,
    refusal,
)
from .errors import body
from .shortcut import shortcut_of

TICK_S = 0.25
"""Seconds between two looks at all senders."""
SEND_TIMEOUT_S = 10.0
"""A sender that takes no answer for so long is dropped; it may come back."""

log = logging.getLogger(__name__)


async def watch(directory: Directory) -> None:
    """Let the directory look after its senders, for ever."""
    while True:
        try:
            directory.tick()
        except Exception:
            log.exception("looking after the senders failed")
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
        self._due: list[Action] = []
        """What messages that took the shortcut are answered with."""
        self._failed: Exception | None = None

    async def serve(self) -> None:
        """Until the sender ends or vanishes; then its session waits for it to come back."""
        if SUBPROTOCOL not in self._socket.scope.get("subprotocols", []):
            await self._socket.send_denial_response(_subprotocol_missing())
            return
        await self._socket.accept(subprotocol=SUBPROTOCOL)
        if (shortcut := shortcut_of(self._socket.scope)) is not None:
            shortcut.take = self._take
        tasks = asyncio.create_task(self._hear()), asyncio.create_task(self._tick())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if shortcut is not None:
                shortcut.take = None
            self._ingest.disconnected()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for how in ended:
            if isinstance(how, Exception) and not isinstance(
                how, WebSocketDisconnect | TimeoutError
            ):
                log.error("session %s", self._ingest.session, exc_info=how)
                failed = RefusedError(INTERNAL, "the server failed; come back with `resume`")
                with contextlib.suppress(WebSocketDisconnect, TimeoutError):
                    await self._perform(refusal(failed))

    async def _hear(self) -> None:
        while not self._ingest.closed:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if (text := message.get("text")) is not None:
                await self._perform(self._ingest.receive_text(text))
            elif (data := message.get("bytes")) is not None:
                await self._perform(self._ingest.receive_bytes(data))

    def _take(self, data: bytes) -> None:
        """A message that took the shortcut; `_tick` does what cannot be done at once."""
        try:
            actions = self._ingest.receive_bytes(data)
        except Exception as error:  # it would end in the protocol's code, that cannot tell the peer
            self._failed = error
            self._wake.set()
            return
        if actions:
            self._due += actions
            self._wake.set()

    async def _tick(self) -> None:
        while self._due or not self._ingest.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._ingest.tick_s)
            self._wake.clear()
            if self._failed is not None:
                raise self._failed
            due, self._due = self._due, []
            await self._perform(due)
            await self._perform(self._ingest.tick())

    async def _perform(self, actions: Sequence[Action]) -> None:
        if not actions:
            # Nearly always: a message of sound is not answered.
            return
        async with self._sending, asyncio.timeout(SEND_TIMEOUT_S):
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
