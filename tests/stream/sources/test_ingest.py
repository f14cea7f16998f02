"""Plain PCM against the real monitor, without a socket."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from tests.stream.house import LONG_S, House, house, spec
from tests.stream.record.world import LoudnessEngine
from tests.stream.sound import voice

from tonewatch.stream.events import Mark, Readings, SessionChanged
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.record.repair import interrupted
from tonewatch.stream.record.replay import replay
from tonewatch.stream.record.result import read_result
from tonewatch.stream.settings import MonitorSettings
from tonewatch.stream.sources.directory import Directory
from tonewatch.stream.sources.ingest import MonitorHost
from tonewatch.stream.sources.pcm import Ingest
from tonewatch.stream.sources.pcm_messages import Action, PcmLimits, Send

RATE = 16_000
HELLO = {
    "type": "hello",
    "v": 1,
    "rate": RATE,
    "channels": 1,
    "legs": ["customer"],
    "name": "desk 7",
    "notice": {"method": "announced", "text": "This call is analysed."},
}


def directory(home: House) -> Directory:
    host = MonitorHost(home.monitor, interrupted(home.settings.record.output))
    return Directory(host, PcmLimits(), now=time.monotonic)


def connect(where: Directory) -> Ingest:
    return Ingest(where, allow=lambda token: True)


def told(actions: list[Action]) -> list[dict[str, Any]]:
    return [json.loads(action.text) for action in actions if isinstance(action, Send)]


def say(ingest: Ingest, **message: Any) -> list[dict[str, Any]]:
    return told(ingest.receive_text(json.dumps(message)))


def bytes_of(samples: np.ndarray) -> bytes:
    return np.round(samples * 32768).astype("<i2").tobytes()


def send_all(ingest: Ingest, samples: np.ndarray, size: int = 320) -> None:
    for start in range(0, len(samples), size):
        for message in told(ingest.receive_bytes(bytes_of(samples[start : start + size]))):
            assert message["type"] in ("ack", "slow")


def heard(folder: Path) -> np.ndarray:
    return sf.read(folder / "processed_audio.wav", dtype="int16")[0]


def test_a_call_from_hello_to_end(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        ingest = connect(directory(home))
        (ready,) = say(ingest, **HELLO, meta={"source": "browser"}, call_id="c-1")
        assert ready["scoring"] == ["customer"]
        send_all(ingest, voice(3))
        home.seen.wait(Readings)
        (ended,) = say(ingest, type="end")
        assert (ended["next"], ended["duration_s"]) == (3 * RATE, 3.0)
        session = home.seen.events[1].session  # type: ignore[union-attr]
        assert (session.name, session.source, session.call_id) == ("desk 7", "browser", "c-1")
        assert session.notice.set_by == "sender"
        running = home.monitor.session(ready["session"])
        assert running is None or running.wait_closed(LONG_S)
        folder = home.recorder.folder(ready["session"])
    assert folder is not None
    assert heard(folder).tobytes() == bytes_of(voice(3))


def test_no_room_is_told_with_the_time_to_come_back(tmp_path: Path) -> None:
    with house(tmp_path, monitor=MonitorSettings(max_sessions=1)) as home:
        where = directory(home)
        say(connect(where), **HELLO)
        (error,) = say(connect(where), **HELLO)
        assert (error["code"], error["retry_s"] > 0) == ("too_many", True)


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        for wrong in ("yesterday", "2026-11-21T05:00:00"):
            (error,) = say(connect(directory(home)), **HELLO, started_at=wrong)
            assert error["code"] == "malformed"
        (ready,) = say(connect(directory(home)), **HELLO, started_at="2026-11-21T05:00:00+01:00")
        session = home.monitor.session(ready["session"])
        assert session is not None
        assert session.info.started_at == "2026-11-21T05:00:00+01:00"


def test_after_a_killed_server_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    samples = voice(6)
    first = House(tmp_path)
    first.recorder.start()
    first.monitor.start()
    ingest = connect(directory(first))
    (ready,) = say(ingest, **HELLO)
    send_all(ingest, samples[: 4 * RATE])
    first.seen.wait(Readings)
    assert first.recorder.flush(LONG_S)
    session = first.monitor.session(ready["session"])
    assert session is not None
    durable = session.durable
    assert durable > 0
    # The recorder first: the folder stays as a killed process leaves it.
    first.recorder.stop()
    first.monitor.stop()
    with house(tmp_path) as second:
        where = directory(second)
        resume = {key: ready[key] for key in ("v", "session", "resume_token")}
        (wrong,) = say(connect(where), type="resume", **{**resume, "resume_token": "guess"})
        assert wrong["code"] == "unknown_session"
        again = connect(where)
        (ready,) = say(again, type="resume", **resume)
        assert durable <= ready["next"] <= 4 * RATE
        assert ready["scoring"] == ["customer"]
        send_all(again, samples[ready["next"] :])
        session = second.monitor.session(ready["session"])
        assert session is not None
        assert say(again, type="end")[0]["next"] == len(samples)
        assert session.wait_closed(LONG_S)
        assert second.seen.wait(Mark).name == "restart"
        folder = second.folder(session)
        (late,) = say(connect(where), type="resume", **resume)
        assert late["code"] == "unknown_session"
    assert heard(folder).tobytes() == bytes_of(samples)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_after_a_stopped_server_the_sender_goes_on_and_the_curve_can_be_made_again(
    tmp_path: Path, rate: int
) -> None:
    samples = voice(6, rate=rate)
    begun = {**HELLO, "rate": rate}
    with house(tmp_path) as first:
        ingest = connect(directory(first))
        (ready,) = say(ingest, **begun)
        send_all(ingest, samples[: 4 * rate + 7], size=441)
        first.seen.wait(Readings)
        recorded = first.monitor.open(spec(source="recording", notice=None, name="a file"))
    states = {one.session.id: one.session.state for one in first.seen.of(SessionChanged)}
    assert states == {ready["session"]: "live", recorded.id: "ended"}
    (left,) = interrupted(tmp_path)
    assert left.info.id == ready["session"]
    with house(tmp_path) as second:
        again = connect(directory(second))
        resume = {key: ready[key] for key in ("v", "session", "resume_token")}
        (ready,) = say(again, type="resume", **resume)
        assert 4 * rate - rate // 10 <= ready["next"] <= 4 * rate + 7
        send_all(again, samples[ready["next"] :], size=441)
        session = second.monitor.session(ready["session"])
        assert session is not None
        assert say(again, type="end")[0]["next"] == len(samples)
        assert session.wait_closed(LONG_S)
        assert second.recorder.flush(LONG_S)
        folder = second.folder(session)
    result = read_result(folder)
    assert (result["session"]["state"], result["duration_s"]) == ("ended", 6.0)
    assert [mark["name"] for mark in result["marks"]] == ["restart"]
    if rate == RATE:
        assert heard(folder).tobytes() == bytes_of(samples)
    (again_read,) = replay(folder, LoudnessEngine())
    rows = read_rows(folder, read_card(folder).files[0])
    assert again_read.rows.tobytes() == rows.tobytes()


def test_a_sender_that_is_back_and_the_repair_never_have_a_folder_both(tmp_path: Path) -> None:
    with house(tmp_path) as first:
        tokens = [say(connect(directory(first)), **HELLO)[0] for _ in range(2)]
    with house(tmp_path) as second:
        host = MonitorHost(second.monitor, interrupted(tmp_path))
        where = Directory(host, PcmLimits(), now=time.monotonic)
        resumes = [
            {"type": "resume", **{key: one[key] for key in ("v", "session", "resume_token")}}
            for one in tokens
        ]
        assert say(connect(where), **resumes[0])[0]["type"] == "ready"
        assert not host.give_up(tokens[0]["session"])
        assert host.give_up(tokens[1]["session"])
        assert say(connect(where), **resumes[1])[0]["code"] == "unknown_session"


def test_a_file_sender_is_never_overwritten(tmp_path: Path) -> None:
    samples = voice(40)
    with house(tmp_path, LoudnessEngine()) as home:
        where = directory(home)
        ingest = connect(where)
        (ready,) = say(ingest, **HELLO, pace="file")
        session = home.monitor.session(ready["session"])
        assert session is not None
        acked = sent = 0
        until = time.monotonic() + LONG_S
        while sent < len(samples):
            assert time.monotonic() < until
            messages = told(ingest.tick())
            if sent - acked < ready["window"]:
                messages += told(ingest.receive_bytes(bytes_of(samples[sent : sent + RATE])))
                sent = min(len(samples), sent + RATE)
            else:
                session.wait_free(RATE, 0.05)
            acked = max([acked, *(m["next"] for m in messages if m["type"] == "ack")])
        messages = say(ingest, type="end")
        while not ingest.closed:
            assert time.monotonic() < until
            session.wait_free(1, 0.02)
            messages += told(ingest.tick())
        assert messages[-1]["type"] == "ended"
        assert session.wait_closed(LONG_S)
        folder = home.folder(session)
    assert heard(folder).tobytes() == bytes_of(samples)


def test_a_sender_names_a_profile_in_its_free_fields(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        ingest = connect(directory(home))
        (ready,) = say(ingest, **HELLO, context="chest pain", meta={"profile": "medical"})
        session = home.monitor.session(ready["session"])
        assert session is not None
        assert session.info.scene is not None
        assert session.info.scene.shifts == {"fearful": 0.3}
        say(ingest, type="end")


def test_a_profile_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        actions = connect(directory(home)).receive_text(
            json.dumps({**HELLO, "meta": {"profile": "opera"}})
        )
        assert any("unknown profile 'opera'" in str(action) for action in actions)
