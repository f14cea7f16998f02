import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.sound import voice
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tonewatch.dashboard.shortcut import (
    EXTENSION,
    Shortcut,
    UncutError,
    payload_of,
    shortcut_of,
    unmasked,
)
from tonewatch.stream.sources.pcm import Ingest
from tonewatch.stream.sources.pcm_messages import CODES, INTERNAL, MALFORMED

from .home import Home, hello, pcm, said, tell


def test_a_server_without_one_has_none() -> None:
    shortcut = Shortcut()
    assert shortcut_of({}) is None
    assert shortcut_of({"extensions": {"websocket.http.response": {}}}) is None
    assert shortcut_of({"extensions": {EXTENSION: shortcut}}) is shortcut


@given(
    before=st.binary(max_size=3),
    sound=st.sampled_from((0, 1, 125, 126, 1000, 65_535, 65_536)).map(bytes)
    | st.binary(max_size=300),
    behind=st.binary(max_size=3),
)
def test_a_frame_is_found_where_it_lies(before: bytes, sound: bytes, behind: bytes) -> None:
    frame = Frame(Opcode.BINARY, sound).serialize(mask=True)
    data, at = before + frame + behind, len(before)
    payload = payload_of(data, at, 65_536)
    assert payload is not None
    assert payload[1] == at + len(frame)
    assert unmasked(data, *payload) == sound
    header = len(frame) - len(sound) - 4
    for short in range(header):
        assert payload_of(data[: at + short], at, 65_536) is None
    assert payload_of(data[: at + header], at, 65_536) == payload


def test_what_no_client_may_send_is_left_to_the_parser() -> None:
    with pytest.raises(UncutError):
        payload_of(Frame(Opcode.BINARY, b"sound").serialize(mask=False), 0, 100)
    with pytest.raises(UncutError):
        payload_of(Frame(Opcode.BINARY, bytes(101)).serialize(mask=True), 0, 100)


def test_sound_on_the_shortcut_does_not_overtake_what_was_said_before_it(house: Home) -> None:
    sound = voice(1)
    with house.sender() as sender:
        # All at once: the server reads sound while the words before it still wait.
        tell(sender, "hello", **hello())
        sender.send(pcm(sound))
        tell(sender, "gap", to=32_000, reason="muted")
        sender.send(pcm(sound))
        tell(sender, "end")
        assert said(sender)["type"] == "ready"
        ended = said(sender)
        while ended["type"] in ("ack", "slow"):
            ended = said(sender)
    assert (ended["type"], ended.get("next")) == ("ended", 48_000), ended


def test_sound_that_is_refused_closes_the_connection_with_its_reason(house: Home) -> None:
    with house.sender() as sender:
        tell(sender, "hello", **hello())
        assert said(sender)["type"] == "ready"
        sender.send(b"odd")
        assert "whole number" in said(sender)["detail"]
        with pytest.raises(ConnectionClosed):
            said(sender)
        assert sender.close_code == MALFORMED


def test_a_server_that_fails_on_sound_says_so(
    house: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ingest: Ingest, data: bytes) -> list[object]:
        raise RuntimeError("broken")

    with house.sender() as sender:
        tell(sender, "hello", **hello())
        assert said(sender)["type"] == "ready"
        monkeypatch.setattr(Ingest, "receive_bytes", broken)
        sender.send(pcm(voice(0.1)))
        assert said(sender)["code"] == CODES[INTERNAL]
    assert "broken" in caplog.text
