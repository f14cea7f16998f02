import json
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.house import LONG_S, RATE, GatedEngine, feed, house, spec
from tests.stream.record.world import LoudnessEngine
from tests.stream.sound import silence, voice

from tonewatch.models.engine import EngineError
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
from tonewatch.stream.monitor import AdmissionError
from tonewatch.stream.offline import Tools, analyze
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.settings import MonitorSettings, RecordSettings, StreamSettings


def curve(folder: Path) -> np.ndarray:
    return np.array(read_rows(folder, read_card(folder).files[0]))


def result(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


def test_a_file_played_through_the_monitor_gives_what_the_offline_run_gives(
    tmp_path: Path,
) -> None:
    samples, _ = sf.read(saved(tmp_path, voice(8)), dtype="float32")
    settings = StreamSettings(record=RecordSettings(output=tmp_path / "offline"))
    tools = Tools(engine=LoudnessEngine(), vad=Vad(), settings=settings)
    offline = analyze(tmp_path / "call.wav", tools)
    with house(tmp_path / "live") as home:
        session = home.monitor.open(spec(source="recording", pace="file", notice=None))
        feed(session, samples, size=777)
        session.end()
        assert session.wait_closed(LONG_S)
        folder = home.folder(session)
    assert curve(folder).tobytes() == curve(offline.folder).tobytes()
    live = result(folder)
    assert live["scores"] == offline.result["scores"]
    assert live["episodes"] == [
        {**episode, "id": found["id"]}
        for episode, found in zip(offline.result["episodes"], live["episodes"], strict=True)
    ]
    assert live["live"]["customer"]["superseded"] == 0


def saved(tmp_path: Path, samples: np.ndarray) -> Path:
    sf.write(tmp_path / "call.wav", samples, RATE)
    return tmp_path / "call.wav"
