"""`/ws/live`: what viewers see (docs/live-protocol.md).

First a snapshot, then numbered events. Each viewer has a bounded mailbox; whoever falls behind gets
merged readings, then a new snapshot, and costs nobody anything.
"""

import asyncio
import contextlib
import functools
import json
import time
from collections import OrderedDict
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..stream.board import Board
from ..stream.bus import Bus, Mailbox, Missed
from ..stream.events import Event, event_json, snapshot_json

MAILBOX = 2000
SEND_TIMEOUT_S = 10.0
"""A viewer whose socket takes nothing for so long is closed."""
TOO_SLOW = 4408


class Encoder:
    """JSON of events, made once for all viewers; used on the event loop alone."""

    def __init__(self, keep: int = 512) -> None:
        self._keep = keep
        self._made: OrderedDict[int, tuple[Event, bytes]] = OrderedDict()

    def json(self, event: Event) -> bytes:
        """The event's JSON; the event itself is kept so that its id stays its own."""
        made = self._made.get(id(event))
        if made is None:
            made = event, event_json(event)
            self._made[id(event)] = made
            if len(self._made) > self._keep:
                self._made.popitem(last=False)
        return made[1]


def envelope(content: bytes, seq: int) -> str:
    """An event's JSON with version and number in front."""
    return f'{{"v":1,"seq":{seq},' + content[1:].decode()


class Viewer:
    """One socket on the event loop."""

    def __init__(self, socket: WebSocket, bus: Bus, board: Board, encoder: Encoder) -> None:
        self._socket, self._bus, self._board, self._encoder = socket, bus, board, encoder
        self._ready = asyncio.Event()
        self._seq = 0

    async def serve(self) -> None:
        """Until the viewer leaves, or takes nothing for too long."""
        await self._socket.accept()
        loop = asyncio.get_running_loop()
        with self._bus.subscribe("viewer", MAILBOX, "newest") as mailbox:
            mailbox.on_ready(functools.partial(_wake, loop, self._ready))
            tasks = [
                asyncio.create_task(self._tell(mailbox)),
                asyncio.create_task(self._listen()),
            ]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            for task in (*done, *pending):
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task

    async def _tell(self, mailbox: Mailbox) -> None:
        try:
            await self._send(envelope(snapshot_json(self._board.snapshot()), 0))
            while True:
                await self._ready.wait()
                self._ready.clear()
                mail = mailbox.take()
                if any(isinstance(item, Missed) for item in mail):
                    self._seq += 1
                    await self._send(envelope(snapshot_json(self._board.snapshot()), self._seq))
                    continue
                for item in mail:
                    if not isinstance(item, Missed):
                        self._seq += 1
                        await self._send(envelope(self._encoder.json(item), self._seq))
        except TimeoutError:
            await self._socket.close(TOO_SLOW, "this viewer takes nothing")

    async def _send(self, text: str) -> None:
        await asyncio.wait_for(self._socket.send_text(text), SEND_TIMEOUT_S)

    async def _listen(self) -> None:
        """Answer pings: {"type": "ping", "t": any} gets the server's clock."""
        async for text in self._socket.iter_text():
            message = _object(text)
            if message.get("type") == "ping":
                pong = {"type": "pong", "t": message.get("t"), "server_ns": time.time_ns()}
                await self._send(json.dumps({"v": 1, **pong}))


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
    loop.call_soon_threadsafe(ready.set)
