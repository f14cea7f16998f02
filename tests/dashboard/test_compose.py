import os
import threading
from pathlib import Path

import pytest
from tests.models.tiny import tiny_model
from tests.stream.house import LONG_S, feed, spec
from tests.stream.sound import voice

from tonewatch.dashboard.compose import running
from tonewatch.dashboard.settings import ServerSettings
from tonewatch.models.engine import EngineError
from tonewatch.models.settings import EngineSettings
from tonewatch.stream.record.audit import read_audit
from tonewatch.stream.settings import RecordSettings, StreamSettings

from .home import BELL, serving, until


@pytest.fixture
def engine(tmp_path: Path) -> EngineSettings:
    return EngineSettings(model=str(tiny_model(tmp_path / "tiny")), provider="cpu")


def stream(tmp_path: Path) -> StreamSettings:
    return StreamSettings(record=RecordSettings(output=tmp_path / "outputs"))


def test_everything_starts_works_and_stops(tmp_path: Path, engine: EngineSettings) -> None:
    before = set(threading.enumerate())
    with (
        running(engine, stream(tmp_path), ServerSettings()) as parts,
        serving(parts) as house,
        house.http() as client,
    ):
        BELL.follow(parts.bus)
        until(lambda: not client.get("/healthz").json()["loading"], "the engine")
        assert client.get("/healthz").json()["provider"] == "CPU"
        session = parts.monitor.open(spec(pace="file"))
        feed(session, voice(3))
        session.end()
        assert session.wait_closed(LONG_S)
        until(lambda: parts.store.search().sessions[0].ended_at, "the index")
    log = list(read_audit(tmp_path / "outputs" / "audit.jsonl"))
    assert [one["what"] for one in log] == ["started", "session began", "session ended"]
    assert [thread.name for thread in set(threading.enumerate()) - before] == []


def test_what_an_earlier_run_left_is_found_again(tmp_path: Path, engine: EngineSettings) -> None:
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        session = parts.monitor.open(spec(name="earlier", pace="file"))
        feed(session, voice(2))
    (tmp_path / "outputs" / "sessions.sqlite").unlink()
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        BELL.follow(parts.bus)
        until(lambda: parts.store.search("earlier").total == 1, "the session")


def test_a_session_whose_sender_does_not_come_back_is_finished_at_a_later_start(
    tmp_path: Path, engine: EngineSettings
) -> None:
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        session = parts.monitor.open(spec(resumable=True))
        feed(session, voice(2))
    (card,) = (tmp_path / "outputs").glob("*/session.json")
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        BELL.follow(parts.bus)
        until(lambda: parts.store.get(session.id), "the session")
        assert not (card.parent / "result.json").exists()
    # Its last sign of life, as if a minute had gone by.
    os.utime(card, (0, 0))
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        BELL.follow(parts.bus)
        stored = until(lambda: parts.store.get(session.id), "the session")
        until(lambda: parts.store.get(session.id).state == "lost", "its end")
    assert stored.id == session.id
    lines = list(read_audit(tmp_path / "outputs" / "audit.jsonl"))
    (ended,) = [one for one in lines if one["what"] == "session ended"]
    assert (ended["session"], ended["detail"]["state"]) == (session.id, "lost")
    assert (card.parent / "result.json").exists()


def test_a_prediction_loads_an_engine_of_its_own_once(
    tmp_path: Path, engine: EngineSettings
) -> None:
    with running(engine, stream(tmp_path), ServerSettings()) as parts:
        assert parts.tools().engine is parts.tools().engine


def test_an_unknown_model_is_told_before_anything_starts(tmp_path: Path) -> None:
    before = threading.active_count()
    unknown = EngineSettings(model="no-such-model")
    with (
        pytest.raises(EngineError, match="no-such-model"),
        running(unknown, stream(tmp_path), ServerSettings()),
    ):
        pass
    assert threading.active_count() == before
