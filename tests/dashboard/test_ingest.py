import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.stream.house import LONG_S
from tests.stream.sound import voice
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tonewatch.dashboard.settings import ServerSettings
from tonewatch.stream.settings import MonitorSettings
from tonewatch.stream.sources.directory import Directory
from tonewatch.stream.sources.pcm_messages import PcmLimits

from .home import Home, hello, home, pcm, said, tell, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "send_pcm.py"


def begun(sender: ClientConnection, **fields: object) -> dict:
    tell(sender, "hello", **hello(**fields))
    return said(sender)


def last_words(sender: ClientConnection) -> tuple[dict, int | None]:
    """The newest message before the server closes, and the close code."""
    message = {}
    while True:
        try:
            message = said(sender)
        except ConnectionClosed:
            return message, sender.close_code


def test_sound_that_is_sent_becomes_a_session_with_its_folder(house: Home) -> None:
    sound = voice(3)
    with house.sender() as sender:
        ready = begun(sender, name="desk 7")
        assert (ready["type"], ready["next"], ready["scoring"]) == ("ready", 0, ["customer"])
        for start in range(0, len(sound), 320):
            sender.send(pcm(sound[start : start + 320]))
        tell(sender, "end")
        ended, code = last_words(sender)
    assert (ended["type"], ended["next"], code) == ("ended", len(sound), 1000)
    folder = until(lambda: house.parts.store.folder(ready["session"]), "the folder")
    until((folder / "result.json").is_file, "the result")
    heard, _ = soundfile.read(folder / "processed_audio.wav", dtype="int16")
    assert np.array_equal(heard, np.frombuffer(pcm(sound), "<i2"))


def test_the_vector_of_the_protocol_cut_resumed_gapped_and_ended(house: Home) -> None:
    frame = np.arange(320, dtype="<i2").tobytes()
    with house.sender() as sender:
        ready = begun(sender)
        sender.send(frame)
        session = house.parts.monitor.session(ready["session"])
        assert session is not None
        until(lambda: session.position == 320, "the frame")
        sender.socket.close()
    with house.sender() as sender:
        tell(sender, "resume", v=1, session=ready["session"], resume_token=ready["resume_token"])
        again = said(sender)
        assert (again["type"], again["next"]) == ("ready", 320)
        tell(sender, "gap", to=16_320, reason="muted")
        tell(sender, "end")
        ended, code = last_words(sender)
    assert (ended["next"], ended["duration_s"], code) == (16_320, 1.02, 1000)


def test_a_client_without_the_subprotocol_is_refused_with_400(house: Home) -> None:
    with pytest.raises(InvalidStatus) as refused, house.sender(subprotocols=None):
        pass
    assert refused.value.response.status_code == 400
    assert b"tonewatch.pcm.v1" in (refused.value.response.body or b"")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("nonsense", 4400),
        (b"\0\0", 4400),
        ('{"type":"end"}', 4400),
        ('{"type":"hello","v":1,"rate":11025,"channels":1,"legs":["customer"]}', 4415),
        ('{"type":"resume","v":1,"session":"none","resume_token":"x"}', 4404),
        ("x" * 70_000, 1009),
    ],
)
def test_a_wrong_first_message_is_told_and_closed(
    house: Home, message: str | bytes, code: int
) -> None:
    with house.sender() as sender:
        sender.send(message)
        assert last_words(sender)[1] == code


def test_half_a_sample_is_told_and_closed(house: Home) -> None:
    with house.sender() as sender:
        begun(sender)
        sender.send(b"\0\0\0")
        error, code = last_words(sender)
    assert (error["type"], error["code"], error["fatal"], code) == (
        "error",
        "malformed",
        True,
        4400,
    )


def test_the_newest_connection_of_a_session_wins(house: Home) -> None:
    with house.sender() as first, house.sender() as second:
        ready = begun(first)
        tell(second, "resume", v=1, session=ready["session"], resume_token=ready["resume_token"])
        assert said(second)["type"] == "ready"
        assert last_words(first)[1] == 4409
        tell(second, "end")
        assert last_words(second)[1] == 1000


def test_a_sender_that_vanishes_for_good_loses_its_session_complete(tmp_path: Path) -> None:
    with home(tmp_path, limits=PcmLimits(resume_for_s=0.2)) as house:
        with house.sender() as sender:
            ready = begun(sender)
            sender.send(pcm(voice(1)))
        until(lambda: not house.parts.monitor.sessions, "the end of the session")
        stored = until(lambda: house.parts.store.get(ready["session"]), "the session in the index")
        until(lambda: house.parts.store.get(stored.id).state == "lost", "its state")
        folder = house.parts.store.folder(stored.id)
        assert folder is not None
        result = json.loads((folder / "result.json").read_text())
        assert (result["duration_s"], result["session"]["state"]) == (1.0, "lost")
        assert len(soundfile.read(folder / "processed_audio.wav")[0]) == 16_000


def test_two_senders_of_one_call_have_a_session_each(house: Home) -> None:
    sounds = [voice(2, seed=seed) for seed in (1, 2)]
    with house.sender() as one, house.sender() as two:
        sessions = [begun(sender, call_id="c-7", name="desk 7")["session"] for sender in (one, two)]
        for start in range(0, len(sounds[0]), 3200):
            for sender, sound in zip((one, two), sounds, strict=True):
                sender.send(pcm(sound[start : start + 3200]))
        for sender in (one, two):
            tell(sender, "end")
            assert last_words(sender)[1] == 1000
    folders = [until(lambda id=id: house.parts.store.folder(id), "the folder") for id in sessions]
    for folder, sound in zip(folders, sounds, strict=True):
        until((folder / "result.json").is_file, "the result")
        heard, _ = soundfile.read(folder / "processed_audio.wav", dtype="int16")
        assert np.array_equal(heard, np.frombuffer(pcm(sound), "<i2"))


def test_one_session_too_many_is_refused_with_a_time_to_come_back(tmp_path: Path) -> None:
    with home(tmp_path, monitor=MonitorSettings(max_sessions=1)) as house, house.sender() as one:
        begun(one)
        with house.sender() as two:
            tell(two, "hello", **hello())
            error, code = last_words(two)
        assert (error["code"], error["retry_s"] > 0, code) == ("too_many", True, 4429)


def test_with_a_token_only_its_holders_send(tmp_path: Path) -> None:
    settings = ServerSettings(token="secret")
    with home(tmp_path, server=settings) as house:
        with house.sender() as sender:
            tell(sender, "hello", **hello(token="wrong"))
            assert last_words(sender)[1] == 4401
        with house.sender() as sender:
            assert begun(sender, token="secret")["type"] == "ready"
        with house.sender(additional_headers={"Authorization": "Bearer secret"}) as sender:
            assert begun(sender)["type"] == "ready"


def test_the_microphone_of_a_page_that_has_logged_in_needs_no_token(tmp_path: Path) -> None:
    with home(tmp_path, server=ServerSettings(token="secret")) as house:
        with house.http() as client:
            client.post("/login", data={"token": "secret"})
            cookie = f"tonewatch={client.cookies['tonewatch']}"
        origin = house.url
        with house.sender(origin=origin, additional_headers={"Cookie": cookie}) as sender:
            ready = begun(sender, meta={"source": "browser"})
        session = house.parts.monitor.session(ready["session"])
        assert session is not None
        assert session.info.source == "browser"


def test_a_page_of_another_origin_may_not_send(house: Home) -> None:
    with pytest.raises(InvalidStatus) as refused, house.sender(origin="http://elsewhere.example"):
        pass
    assert refused.value.response.status_code == 403


def test_a_fault_of_the_server_is_told_and_the_sender_may_come_back(
    house: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Directory, hello: object, token: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Directory, "open", broken)
    with house.sender() as sender:
        tell(sender, "hello", **hello())
        error, code = last_words(sender)
    assert (error["code"], code) == ("internal", 4500)
    assert "ZeroDivisionError" in caplog.text


def test_the_example_sends_a_recording(house: Home, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.wav", voice(2), 16_000)
    before = house.parts.store.search().total
    url = f"ws://127.0.0.1:{house.port}/ingest/v1"
    done = subprocess.run(
        [sys.executable, EXAMPLE, tmp_path / "call.wav", url],
        capture_output=True,
        text=True,
        timeout=LONG_S * 3,
    )
    assert done.returncode == 0, done.stderr
    assert '"ended"' in done.stdout
    until(lambda: house.parts.store.search().total == before + 1, "the session in the index")


def test_the_example_is_as_short_as_it_is_said_to_be() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.startswith(("#", '"""'))]
    assert len(code) <= 20
