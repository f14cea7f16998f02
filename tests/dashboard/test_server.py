import contextlib
from pathlib import Path

from tests.stream.house import LONG_S
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tonewatch.dashboard.server import LARGEST_MESSAGE, STOP_S, Socket, make_server

from .home import home


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


def _code(socket: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(timeout=LONG_S)
    return socket.close_code
