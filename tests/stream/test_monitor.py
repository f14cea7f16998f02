import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.house import LONG_S, RATE, GatedEngine, House, feed, house, spec
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.sound import silence, voice

from tonewatch.models.engine import Engine, EngineError
from tonewatch.models.window import Frames, Window
from tonewatch.stream.admission import AdmissionError
from tonewatch.stream.bus import Bus
from tonewatch.stream.clock import Clock
from tonewatch.stream.events import (
    Activity,
    EngineStatus,
    EpisodeChanged,
    Fault,
    GapNoted,
    Mark,
    Readings,
    SessionChanged,
)
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.monitor import Monitor
from tonewatch.stream.offline import Tools, analyze
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.record.repair import repair
from tonewatch.stream.record.replay import replay
from tonewatch.stream.session import Session
from tonewatch.stream.settings import MonitorSettings, RecordSettings, StreamSettings


def curve(folder: Path) -> np.ndarray:
    return np.array(read_rows(folder, read_card(folder).files[0]))


def result(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


def sound(folder: Path, name: str = "processed_audio.wav") -> np.ndarray:
    return sf.read(folder / name, dtype="int16")[0]


def closed(home: House, session: Session) -> Path:
    """The session's folder, finished."""
    session.end()
    assert session.wait_closed(LONG_S)
    assert home.recorder.flush(LONG_S)
    return home.folder(session)


def test_a_file_played_through_the_monitor_gives_what_the_offline_run_gives(
    tmp_path: Path,
) -> None:
    path = tmp_path / "call.wav"
    sf.write(path, voice(8), RATE)
    samples, _ = sf.read(path, dtype="float32")
    settings = StreamSettings(record=RecordSettings(output=tmp_path / "offline"))
    offline = analyze(path, Tools(engine=LoudnessEngine(), vad=Vad(), settings=settings))
    with house(tmp_path / "live") as home:
        session = home.monitor.open(spec(source="recording", pace="file", notice=None))
        feed(session, samples, size=777)
        folder = closed(home, session)
    assert curve(folder).tobytes() == curve(offline.folder).tobytes()
    live = result(folder)
    assert live["scores"] == offline.result["scores"]
    assert live["episodes"]
    assert live["episodes"] == [
        {**episode, "id": found["id"]}
        for episode, found in zip(offline.result["episodes"], live["episodes"], strict=True)
    ]
    assert live["live"]["customer"]["superseded"] == 0


def test_a_live_session_tells_readings_meters_and_episodes_of_its_customer(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec("customer", "agent", name="desk 7"))
        feed(session, voice(6), silence(6))
        home.seen.wait(EpisodeChanged)
        folder = closed(home, session)
        readings = home.seen.of(Readings)
        assert {event.leg for event in readings} == {"customer"}
        assert {event.episode.leg for event in home.seen.of(EpisodeChanged)} == {"customer"}
        assert {event.leg for event in home.seen.of(Activity)} == {"customer", "agent"}
        assert all(event.latency_ms >= 0 for event in readings)
        last = home.seen.of(SessionChanged)[-1].session
        assert (last.state, bool(last.ended_at)) == ("ended", True)
        starts = [event.settled.start for event in readings if event.settled.scores]
        assert starts == sorted(set(starts))
    assert result(folder)["legs"][1]["name"] == "agent"
    assert len(sound(folder)) == len(sound(folder, "agent.wav")) == 6 * RATE


def test_what_is_said_in_a_pause_reaches_neither_disk_nor_engine(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec())
        feed(session, voice(2))
        session.pause()
        assert session.info.state == "paused"
        assert session.write(np.full((RATE, 1), 0.5, np.float32))
        session.resume()
        feed(session, voice(2))
        folder = closed(home, session)
        gap = home.seen.wait(GapNoted)
    assert (gap.reason, gap.start, gap.length) == ("paused", 2 * RATE, RATE)
    samples = sound(folder)
    assert len(samples) == 5 * RATE
    assert not samples[2 * RATE : 3 * RATE].any()
    assert [gap["end_s"] - gap["start_s"] for gap in result(folder)["gaps"]] == [1.0]


def test_stopping_the_scoring_works_at_once_and_the_call_goes_on_being_recorded(
    tmp_path: Path,
) -> None:
    engine = GatedEngine()
    with house(tmp_path, engine) as home:
        session = home.monitor.open(spec())
        feed(session, voice(3))
        assert engine.called.wait(LONG_S)
        session.stop_scoring()
        engine.go.set()
        feed(session, voice(2))
        folder = closed(home, session)
        assert home.seen.of(Readings) == []
        assert [mark.name for mark in home.seen.of(Mark)] == ["scoring stopped"]
        assert home.seen.of(SessionChanged)[-1].session.scoring_reason == "scoring was stopped"
    assert len(sound(folder)) == 5 * RATE
    assert read_card(folder).cores[0].finished is False


@pytest.mark.parametrize("erase", [False, True])
def test_scoring_that_was_stopped_and_begun_again_gives_one_result_that_can_be_made_again(
    tmp_path: Path, erase: bool
) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(pace="file"))
        feed(session, voice(5))
        home.seen.wait(Readings, lambda event: bool(event.settled.scores))
        session.stop_scoring(erase=erase)
        home.seen.wait(Mark)
        feed(session, voice(3, seed=1))
        home.seen.wait(Activity, lambda event: event.stop_frame == 8 * 50)
        session.start_scoring()
        home.seen.wait(Mark, lambda mark: mark.name == "scoring started")
        feed(session, voice(5, seed=2))
        folder = closed(home, session)
        states = [event.session.scoring for event in home.seen.of(SessionChanged)]
        assert (False in states, states[-1]) == (True, True)
        history = home.board.snapshot().sessions[0].legs[0].history
    rows = curve(folder)
    scored = np.flatnonzero(rows["state"] & 1)
    assert not rows["state"][5 * 50 : 8 * 50].any()
    assert (scored >= 8 * 50).any()
    assert (scored < 5 * 50).any() != erase
    assert history.start >= 8 * 50
    told = result(folder)
    assert told["scoring"]
    assert [mark["name"] for mark in told["marks"]] == [
        "scores erased" if erase else "scoring stopped",
        "scoring started",
    ]
    speech = rows["state"] & 3 == 3
    assert told["speech_s"] == pytest.approx(speech.sum() / 50)
    (again,) = replay(folder, LoudnessEngine())
    assert again.rows.tobytes() == rows.tobytes()


@pytest.mark.parametrize("pause_s", [2.3, 2.6, 2.64, 2.72, 4.0])
@pytest.mark.parametrize("how", ["stopped", "left"])
def test_a_curve_that_breaks_off_in_a_silence_can_be_made_again(
    tmp_path: Path, how: str, pause_s: float
) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(resumable=True, pace="file"))
        feed(session, np.concatenate([voice(3), silence(pause_s)]))
        heard = round((3 + pause_s) * 50)
        home.seen.wait(Activity, lambda event: event.stop_frame == heard)
        if how == "stopped":
            session.stop_scoring()
            home.seen.wait(Mark)
            closed(home, session)
    (folder,) = tmp_path.glob("outputs_*")
    assert len(repair(tmp_path, 0.0)) == (how == "left")
    (again,) = replay(folder, LoudnessEngine())
    rows = np.zeros_like(again.rows)
    kept = curve(folder)
    rows[: len(kept)] = kept
    assert again.rows.tobytes() == rows.tobytes()


class WorkingEngine(LoudnessEngine):
    """A window takes it half a second of a clock that the test turns, more than the hop."""

    def __init__(self) -> None:
        super().__init__()
        self.worked = 0.0

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.worked += 0.5 * len(windows)
        return super().infer(windows)


def test_a_live_call_whose_hop_is_stretched_under_load_can_be_made_again(tmp_path: Path) -> None:
    engine = WorkingEngine()
    clock = Clock(now=lambda: time.monotonic() + engine.worked)
    with house(tmp_path, engine, clock) as home:
        session = home.monitor.open(spec())
        for number, piece in enumerate(np.split(voice(14.4), 60), start=1):
            feed(session, piece)
            home.seen.wait(Activity, lambda event, stop=number * 12: event.stop_frame >= stop)
        hop_ms = home.monitor.status().hop_ms
        folder = closed(home, session)
    read = len(np.load(folder / "windows.npy"))
    assert hop_ms == 4 * 240
    assert 10 < read < 45
    (again,) = replay(folder, LoudnessEngine())
    assert again.rows.tobytes() == curve(folder).tobytes()


def test_withdrawn_scores_are_erased_on_disk_and_on_the_board(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(pace="file"))
        feed(session, voice(6))
        home.seen.wait(EpisodeChanged)
        session.stop_scoring(erase=True)
        home.seen.wait(Mark)
        shown = home.board.snapshot().sessions[0]
        assert shown.episodes == ()
        assert shown.legs[0].history.scores == ()
        folder = closed(home, session)
    assert not (curve(folder)["state"] > 0).any()
    assert result(folder)["episodes"] == []
    assert len(sound(folder)) == 6 * RATE


def test_a_session_beyond_the_limit_is_refused_and_told_when_to_come_back(tmp_path: Path) -> None:
    with house(tmp_path, monitor=MonitorSettings(max_sessions=1)) as home:
        session = home.monitor.open(spec())
        with pytest.raises(AdmissionError, match="1 sessions are running") as refused:
            home.monitor.open(spec())
        assert refused.value.retry_s > 0
        closed(home, session)
        home.monitor.open(spec())


def test_sessions_are_cheap_to_open_while_the_engine_loads(tmp_path: Path) -> None:
    loaded = threading.Event()

    def load() -> Engine:
        assert loaded.wait(LONG_S)
        return LoudnessEngine()

    bus, settings = Bus(), StreamSettings(record=RecordSettings(output=tmp_path))
    recorder = Recorder(settings.record, on_fault=bus.publish)
    monitor = Monitor(settings, manifest=MANIFEST, load=load, bus=bus, recorder=recorder)
    recorder.start()
    monitor.start()
    session = monitor.open(spec())
    feed(session, voice(2))
    assert monitor.status().loading
    loaded.set()
    session.end()
    assert session.wait_closed(LONG_S)
    assert not monitor.status().loading
    # The newest that waited, and the one that ends with the leg.
    assert 1 <= monitor.status().windows <= 2
    monitor.stop()
    recorder.stop()


def test_an_engine_that_cannot_be_loaded_is_a_fault_and_sessions_are_recorded(
    tmp_path: Path,
) -> None:
    def load() -> Engine:
        raise EngineError("model.onnx is missing")

    home = House(tmp_path)
    home.monitor._engine._load = load
    home.recorder.start()
    home.monitor.start()
    session = home.monitor.open(spec())
    feed(session, voice(3))
    folder = closed(home, session)
    assert "model.onnx is missing" in home.seen.wait(Fault).message
    assert [fault.code for fault in home.board.faults()] == ["engine"]
    home.monitor.stop()
    home.recorder.stop()
    assert len(sound(folder)) == 3 * RATE


def test_a_window_that_fails_leaves_a_hole_and_the_fault_goes_away(tmp_path: Path) -> None:
    engine = GatedEngine()
    engine.failing = ValueError("no memory")
    engine.go.set()
    with house(tmp_path, engine) as home:
        session = home.monitor.open(spec(pace="file"))
        feed(session, voice(3))
        home.seen.wait(Fault, lambda fault: fault.active and "no memory" in fault.message)
        engine.failing = None
        feed(session, voice(3))
        home.seen.wait(Fault, lambda fault: not fault.active)
        folder = closed(home, session)
        assert home.board.faults() == ()
    facts = result(folder)["live"]["customer"]
    assert 0 < facts["failed"] < facts["windows"]
    assert (curve(folder)["state"] > 0).any()


def test_a_source_that_goes_silent_is_lost_and_its_folder_is_complete(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(lost_after_s=0.5))
        feed(session, voice(1))
        assert session.wait_closed(LONG_S)
        assert session.info.state == "lost"
        assert not session.write(np.zeros((320, 1), np.float32))
        assert home.recorder.flush(LONG_S)
        folder = home.folder(session)
        assert home.seen.wait(Mark).name == "lost: no sound for 0.5 s"
    assert result(folder)["session"]["state"] == "lost"
    logged = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert logged[-1]["session"]["state"] == "lost"
    assert home.recorder.statistics().missed == 0


def test_stopping_ends_every_session_with_a_complete_folder(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        sessions = [home.monitor.open(spec()) for _ in range(3)]
        for session in sessions:
            feed(session, voice(2))
    assert all(len(sound(home.folder(session))) == 2 * RATE for session in sessions)
    with pytest.raises(AdmissionError, match="stopping"):
        home.monitor.open(spec())


def test_a_session_of_a_killed_process_goes_on_where_its_folder_ends(tmp_path: Path) -> None:
    first = House(tmp_path)
    first.recorder.start()
    first.monitor.start()
    session = first.monitor.open(spec(extra={"rate": RATE}))
    feed(session, voice(4))
    first.seen.wait(Readings)
    assert first.recorder.flush(LONG_S)
    # Stopped in the wrong order, so that nothing is finished: as if it had been killed.
    first.recorder.stop()
    first.monitor.stop()
    path = first.folder(session)
    assert read_card(path).unfinished
    with house(tmp_path) as second:
        folder = SessionFolder.resume(path)
        again = second.monitor.adopt(folder, spec(extra={"rate": RATE}))
        assert again.id == session.id
        begin = again.position
        assert begin == folder.frames * 320 > 0
        feed(again, voice(4)[begin:])
        closed(second, again)
        assert second.seen.wait(Mark).name == "restart"
    assert np.array_equal(sound(path), np.round(voice(4) * 32768).astype(np.int16))
    assert result(path)["duration_s"] == 4.0


def test_names_marks_and_the_folder_are_told(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(rate=8000))
        session.rename("Ms Vogel")
        with pytest.raises(ValueError, match="128"):
            session.rename("x" * 129)
        session.mark("transfer", at=4000)
        assert home.seen.wait(Mark).at == 8000
        changed = home.seen.wait(SessionChanged, lambda event: event.session.folder)
        assert changed.session.name == "Ms Vogel"
        folder = closed(home, session)
    assert result(folder)["marks"] == [{"name": "transfer", "at_s": 0.5}]
    assert result(folder)["session"]["name"] == "Ms Vogel"


def test_the_status_names_the_model_and_measures_latency(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec())
        feed(session, voice(3))
        status = home.seen.wait(EngineStatus, lambda status: status.latency_p95_ms is not None)
        closed(home, session)
    assert (status.model, status.provider, status.licence) == ("fake", "CPU", "none")
    assert status.latency_p50_ms <= status.latency_p95_ms <= status.latency_p99_ms
    assert status.windows > 0


def test_live_legs_take_turns_and_recordings_do_not(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        live = [home.monitor.open(spec()) for _ in range(12)]
        assert sorted(home.monitor._turns._slots.values()) == list(range(12))
        played = home.monitor.open(spec(source="recording", notice=None))
        feed(played, voice(1))
        folder = closed(home, played)
        for session in live:
            session.end()
    assert read_card(folder).cores[0].phase_frames == 0


def test_a_defect_in_one_session_does_not_reach_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house(tmp_path) as home:
        bad, good = home.monitor.open(spec(name="bad")), home.monitor.open(spec(name="good"))
        listening = threading.Event()
        home.monitor._signal.order(
            lambda: (
                monkeypatch.setattr(
                    home.monitor._signal.calls[0].legs[0].core, "hear", lambda heard: 1 / 0
                ),
                listening.set(),
            )
        )
        assert listening.wait(LONG_S)
        feed(bad, voice(1))
        assert bad.wait_closed(LONG_S)
        assert bad.info.state == "lost"
        assert home.seen.wait(Fault).session == bad.id
        feed(good, voice(3))
        assert home.seen.wait(Readings).session == good.id
        closed(home, good)
