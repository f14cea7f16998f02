import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.house import LONG_S
from uvicorn.server import ServerState
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from tonewatch.dashboard.server import LARGEST_MESSAGE, STOP_S, Socket, make_server
from tonewatch.dashboard.shortcut import shortcut_of

from .home import home

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SOUND = st.binary(max_size=300).map(lambda sound: ([Frame(Opcode.BINARY, sound)], sound))
WORDS = st.text(max_size=20).map(lambda text: ([Frame(Opcode.TEXT, text.encode())], text))
PARTS = st.lists(st.binary(max_size=200), min_size=2, max_size=4).map(
    lambda parts: (
        [
            Frame(Opcode.CONT if at else Opcode.BINARY, part, fin=at == len(parts) - 1)
            for at, part in enumerate(parts)
        ],
        b"".join(parts),
    )
)
PING = st.binary(max_size=20).map(lambda data: ([Frame(Opcode.PING, data)], None))


def test_sockets_are_not_compressed_and_end_in_time(tmp_path: Path) -> None:
    with home(tmp_path) as house:
        config = make_server(house.server.config.app).config
    assert config.ws is Socket
    assert not config.ws_per_message_deflate
    assert config.ws_max_size == LARGEST_MESSAGE
    assert config.timeout_graceful_shutdown == STOP_S
    assert STOP_S < 10


def test_viewers_and_senders_are_told_when_the_server_goes(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.viewer() as viewer, house.sender() as sender:
        viewer.recv()
        house.server.should_exit = True
        house.thread.join()
        assert [_code(one) for one in (viewer, sender)] == [1001, 1001]


class Wire(asyncio.Transport):
    """A connection whose other end is a test."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True
        self.cut = False

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return self.cut

    def close(self) -> None:
        self.cut = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


async def heard(pieces: Sequence[bytes], *, shortcut: bool = True) -> tuple[list[Any], bool]:
    """What an application hears of a peer's bytes, and whether the connection was closed."""
    found: list[Any] = []
    accepted = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        way = shortcut_of(scope)
        assert way is not None
        if shortcut:
            way.take = found.append
        accepted.set()
        while (message := await receive())["type"] == "websocket.receive":
            found.append(message["text"] if "text" in message else message["bytes"])

    config = uvicorn.Config(app, ws=Socket, ws_per_message_deflate=False, log_config=None)
    config.ws_max_size = LARGEST_MESSAGE
    config.load()
    socket, wire = Socket(config, ServerState(), {}), Wire()
    socket.connection_made(wire)
    socket.data_received(REQUEST)
    await accepted.wait()
    for piece in pieces:
        socket.data_received(piece)
        while not wire.reading:
            await asyncio.sleep(0)
    closed = wire.cut
    socket.connection_lost(None)
    await asyncio.gather(*socket.tasks)
    return found, closed


@given(
    messages=st.lists(SOUND | WORDS | PARTS | PING, max_size=8),
    cuts=st.lists(st.integers(0, 2000), max_size=12),
)
def test_messages_in_any_pieces_are_heard_whole_and_in_order(
    messages: list[tuple[list[Frame], bytes | str | None]], cuts: list[int]
) -> None:
    frames = [frame for some, _ in messages for frame in some]
    sent = b"".join(frame.serialize(mask=True) for frame in frames)
    ends = sorted({min(cut, len(sent)) for cut in cuts} | {0, len(sent)})
    pieces = [sent[a:b] for a, b in itertools.pairwise(ends)]
    wanted = [message for _, message in messages if message is not None]
    assert asyncio.run(heard(pieces)) == (wanted, False)
    assert asyncio.run(heard(pieces, shortcut=False)) == (wanted, False)


def test_sound_between_the_parts_of_a_message_closes_the_connection() -> None:
    frames = Frame(Opcode.BINARY, b"be", fin=False), Frame(Opcode.BINARY, b"sound")
    sent = b"".join(frame.serialize(mask=True) for frame in frames)
    assert asyncio.run(heard([sent])) == ([], True)


def test_a_message_that_is_too_large_closes_the_connection_before_it_has_come() -> None:
    frame = Frame(Opcode.BINARY, bytes(LARGEST_MESSAGE + 1)).serialize(mask=True)
    assert asyncio.run(heard([frame[:20]])) == ([], True)
    assert asyncio.run(heard([Frame(Opcode.BINARY, b"sound").serialize(mask=False)])) == ([], True)


def _code(socket: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=LONG_S)
    return socket.close_code
