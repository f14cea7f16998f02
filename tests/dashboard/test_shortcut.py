import pytest
from tests.stream.sound import voice
from websockets.exceptions import ConnectionClosed

from tonewatch.dashboard.shortcut import EXTENSION, Shortcut, shortcut_of
from tonewatch.stream.sources.pcm import Ingest
from tonewatch.stream.sources.pcm_messages import CODES, INTERNAL, MALFORMED

from .home import Home, hello, pcm, said, tell


def test_a_server_without_one_has_none() -> None:
    shortcut = Shortcut()
    assert shortcut_of({}) is None
    assert shortcut_of({"extensions": {"websocket.http.response": {}}}) is None
    assert shortcut_of({"extensions": {EXTENSION: shortcut}}) is shortcut


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
