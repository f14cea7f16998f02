"""`/ws/live`: what viewers see (docs/live-protocol.md).

First a snapshot, then numbered events. Each viewer has a bounded mailbox; whoever falls behind gets
merged readings, then a new snapshot, and costs nobody anything.
"""

import asyncio
import functools
import json
import logging
import time
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import anyio.to_thread
from pydantic import TypeAdapter
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..stream.board import Board
from ..stream.bus import Bus, Mailbox, Missed
from ..stream.events import Event, SessionSnapshot, Snapshot, event_json, snapshot_json
from .answers import Pong

MAILBOX = 2000
SEND_TIMEOUT_S = 10.0
"""A viewer whose socket takes nothing for so long is dropped."""
_PONG = TypeAdapter(Pong)
_SESSION = TypeAdapter(SessionSnapshot)

log = logging.getLogger(__name__)


class Encoder:
    """JSON of events, made once for all viewers; used on the event loop alone."""

    def __init__(self, keep: int = 512) -> None:
        self._keep = keep
        self._made: OrderedDict[int, tuple[Event, str]] = OrderedDict()
        self.made = 0
        """How often an event was encoded."""

    def json(self, event: Event) -> str:
        """The event's JSON; the event itself is kept so that its id stays its own."""
        made = self._made.get(id(event))
        if made is None:
            made = event, event_json(event).decode()
            self.made += 1
            self._made[id(event)] = made
            if len(self._made) > self._keep:
                self._made.popitem(last=False)
        return made[1]


def envelope(content: str, seq: int) -> str:
    """An event's JSON with version and number in front."""
    return f'{{"v":1,"seq":{seq},{content[1:]}'


async def snapshot_text(snapshot: Snapshot) -> str:
    """A snapshot's JSON, as `snapshot_json` makes it, letting others go first between sessions.

    With many sessions it holds megabytes, and the loop also serves those who send.
    """
    sessions = []
    for session in snapshot.sessions:
        sessions.append(_SESSION.dump_json(session).decode())
        await asyncio.sleep(0)
    frame = snapshot_json(replace(snapshot, sessions=())).decode()
    return frame.replace('"sessions":[]', f'"sessions":[{",".join(sessions)}]', 1)


class Viewer:
    """One socket on the event loop."""

    def __init__(
        self,
        socket: WebSocket,
        bus: Bus,
        board: Board,
        encoder: Encoder,
        *,
        send_timeout_s: float = SEND_TIMEOUT_S,
    ) -> None:
        self._socket, self._bus, self._board, self._encoder = socket, bus, board, encoder
        self._send_timeout_s = send_timeout_s
        self._ready = asyncio.Event()
        self._seq = 0

    async def serve(self) -> None:
        """Until the viewer leaves, or takes nothing for too long."""
        await self._socket.accept()
        loop = asyncio.get_running_loop()
        with self._bus.subscribe("viewer", MAILBOX, "newest") as mailbox:
            mailbox.on_ready(functools.partial(_wake, loop, self._ready))
            tasks = asyncio.create_task(self._tell(mailbox)), asyncio.create_task(self._listen())
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
        for how in ended:
            if isinstance(how, TimeoutError):
                # No close frame would get through either: the server drops the connection.
                log.info("a viewer took nothing for %g s and was dropped", self._send_timeout_s)
            elif isinstance(how, Exception) and not isinstance(how, WebSocketDisconnect):
                raise how

    async def _tell(self, mailbox: Mailbox) -> None:
        await self._send_snapshot()
        while True:
            await self._ready.wait()
            self._ready.clear()
            mail = mailbox.take()
            events = [item for item in mail if not isinstance(item, Missed)]
            if len(events) < len(mail):
                # The snapshot is newer than all of this mail.
                await self._send_snapshot()
                continue
            for event in events:
                await self._send_numbered(self._encoder.json(event))

    async def _send_snapshot(self) -> None:
        snapshot = await anyio.to_thread.run_sync(self._board.snapshot)
        await self._send_numbered(await snapshot_text(snapshot))

    async def _send_numbered(self, content: str) -> None:
        seq, self._seq = self._seq, self._seq + 1
        await self._send(envelope(content, seq))

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(self._send_timeout_s):
            await self._socket.send_text(text)

    async def _listen(self) -> None:
        """Answer pings: {"type": "ping", "t": any} gets the server's clock."""
        while (message := await self._socket.receive())["type"] == "websocket.receive":
            said = _object(message.get("text") or "")
            if said.get("type") == "ping":
                pong = Pong(t=said.get("t"), server_ns=time.time_ns())
                await self._send(_PONG.dump_json(pong).decode())


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
    loop.call_soon_threadsafe(ready.set)
