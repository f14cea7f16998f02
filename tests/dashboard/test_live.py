import asyncio
import json
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.house import LONG_S, feed, spec
from tests.stream.sound import voice
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tonewatch.dashboard.live import Encoder, envelope, snapshot_text
from tonewatch.stream.events import Mark, snapshot_json

from .home import Home, home, said, tell, until


def test_first_a_snapshot_then_numbered_events(house: Home) -> None:
    with house.viewer() as viewer:
        first = said(viewer)
        assert (first["v"], first["seq"], first["type"]) == (1, 0, "snapshot")
        assert len(first["labels"]) == 9
        session = house.parts.monitor.open(spec(source="recording", pace="file"))
        feed(session, voice(3))
        session.end()
        messages = []
        while (
            not messages
            or messages[-1].get("session", {}) == {}
            or not (
                messages[-1]["type"] == "session" and messages[-1]["session"]["state"] == "ended"
            )
        ):
            messages.append(said(viewer))
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    assert {message["v"] for message in messages} == {1}
    kinds = {message["type"] for message in messages}
    assert {"session", "readings", "activity"} <= kinds


def test_a_late_viewer_gets_the_newest_state(house: Home) -> None:
    session = house.past(name="late")
    with house.viewer() as viewer:
        shown = {one["info"]["id"]: one for one in said(viewer)["sessions"]}
    assert shown[session.id]["info"]["state"] == "ended"
    assert len(shown[session.id]["legs"][0]["history"]["scores"]) > 10


def test_a_ping_gets_the_servers_clock(house: Home) -> None:
    with house.viewer() as viewer:
        tell(viewer, "ping", t=12.5)
        pong = next(message for message in iter(lambda: said(viewer), None) if "seq" not in message)
    assert (pong["v"], pong["type"], pong["t"]) == (1, "pong", 12.5)
    assert pong["server_ns"] > 1.7e18


@pytest.mark.parametrize("message", ["", "nonsense", "[]", '{"type": 3}', "[" * 50_000, b"\0\1"])
def test_what_a_viewer_should_not_say_is_ignored(house: Home, message: str | bytes) -> None:
    with house.viewer() as viewer:
        said(viewer)
        viewer.send(message)
        tell(viewer, "ping", t=1)
        assert any(said(viewer)["type"] == "pong" for _ in range(50))


def test_a_message_that_is_too_long_closes_the_socket(house: Home) -> None:
    with house.viewer() as viewer:
        viewer.send("x" * 70_000)
        with pytest.raises(ConnectionClosed):
            list(iter(lambda: viewer.recv(timeout=LONG_S), None))
        assert viewer.close_code == 1009


def test_a_page_of_another_origin_gets_no_socket(house: Home) -> None:
    with pytest.raises(InvalidStatus) as refused, house.viewer(origin="https://elsewhere.example"):
        pass
    assert refused.value.response.status_code == 403
    body = json.loads(refused.value.response.body or b"")
    assert "elsewhere.example" in body["error"]["message"]


def stuck(house: Home) -> socket.socket:
    """A viewer that opened its socket and never reads again."""
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect(("127.0.0.1", house.port))
    viewer.sendall(
        b"GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    return viewer


def flood(house: Home, count: int) -> None:
    for number in range(count):
        house.parts.bus.publish(Mark(session="none", name="x" * 500, at=number))


def viewers(house: Home) -> int:
    return sum(box.name == "viewer" for box in house.parts.bus.statistics().mailboxes)


def test_a_viewer_that_never_reads_is_dropped_and_costs_nobody_anything(tmp_path: Path) -> None:
    with home(tmp_path, send_timeout_s=0.3) as house, stuck(house):
        until(lambda: viewers(house) == 1, "the stuck viewer")
        with house.viewer() as other:
            got: list[int] = []

            def read() -> None:
                # On until the other is gone: who stops to read is stuck, too.
                while len(got) < 1000 or viewers(house) > 1:
                    got.append(said(other)["seq"])

            reader = threading.Thread(target=read)
            reader.start()
            deadline = time.monotonic() + LONG_S
            while reader.is_alive() and time.monotonic() < deadline:
                flood(house, 500)
                reader.join(0.05)
            assert not reader.is_alive(), f"after {LONG_S:g} s the stuck viewer is still there"
            assert viewers(house) == 1
        connections = house.server.server_state.connections
        until(lambda: not connections, "the end of all connections")


def test_the_server_stops_although_a_viewer_is_stuck(tmp_path: Path) -> None:
    with home(tmp_path) as house, stuck(house):
        until(lambda: viewers(house) == 1, "the stuck viewer")
        counts: list[int] = []

        def takes_no_more() -> bool:
            flood(house, 500)
            boxes = house.parts.bus.statistics().mailboxes
            counts.extend(box.taken for box in boxes if box.name == "viewer")
            return len(counts) > 50 and len(set(counts[-50:])) == 1

        until(takes_no_more, "full buffers")
        house.server.should_exit = True
        house.thread.join(LONG_S)
        assert not house.thread.is_alive()


def test_what_a_stuck_viewer_has_not_taken_is_not_left_behind(tmp_path: Path) -> None:
    with home(tmp_path) as house, stuck(house):
        until(lambda: viewers(house) == 1, "the stuck viewer")
        house.server.config.timeout_graceful_shutdown = 1
        (connection,) = house.server.server_state.connections
        # The buffer takes everything: the connection never counts as stuck.
        connection.transport.set_write_buffer_limits(high=1 << 30)
        until(
            lambda: flood(house, 500) or connection.transport.get_write_buffer_size() > 1 << 16,
            "what the viewer does not take",
        )
        house.server.should_exit = True
        house.thread.join(LONG_S)
        assert not house.thread.is_alive()
        assert not house.server.server_state.connections


def test_a_viewer_that_lost_events_gets_a_new_snapshot(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.viewer() as viewer:
        said(viewer)
        # So much at once that the viewer's mailbox runs over.
        flood(house, 30_000)
        kinds, numbers = [], []
        while "snapshot" not in kinds:
            message = said(viewer)
            kinds.append(message["type"])
            numbers.append(message["seq"])
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_event_is_encoded_once_for_all_viewers() -> None:
    encoder = Encoder(keep=2)
    events = [Mark(session="s", name=str(number), at=number) for number in range(3)]
    texts = [encoder.json(events[0]), encoder.json(events[0]), *map(encoder.json, events[1:])]
    assert (texts[0] is texts[1], encoder.made) == (True, 3)
    assert json.loads(encoder.json(events[0]))["at"] == 0
    assert encoder.made == 4


def test_the_envelope_keeps_the_event_whole() -> None:
    assert json.loads(envelope('{"type":"mark"}', 7)) == {"v": 1, "seq": 7, "type": "mark"}


def test_a_snapshot_made_piece_by_piece_is_the_one_made_at_once(house: Home) -> None:
    house.past(name='"sessions":[]')
    house.past("customer", "agent")
    snapshot = house.parts.board.snapshot()
    assert asyncio.run(snapshot_text(snapshot)) == snapshot_json(snapshot).decode()
    empty = replace(snapshot, sessions=())
    assert asyncio.run(snapshot_text(empty)) == snapshot_json(empty).decode()
