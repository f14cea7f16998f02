"""The microphone for real: sound card, PortAudio, server, engine, page's socket, folder."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from . import rig
from .rig import SoundServer, Tonewatch

pytestmark = pytest.mark.slow


def loudness(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Root mean square of every 20 ms that is not silence."""
    samples, rate = soundfile.read(path, dtype="float64")
    blocks = samples[: len(samples) // rate * rate].reshape(-1, rate // 50)
    loud: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sqrt((blocks**2).mean(axis=1))
    return loud[loud > 1e-3]


def test_the_microphone_is_listed(sound_server: SoundServer, program: Tonewatch) -> None:
    assert any("pulse" in device["name"] for device in program.ask("/api/devices"))


def test_what_is_said_becomes_curves_on_the_page_and_a_session_on_disk(
    sound_server: SoundServer, program: Tonewatch, speech: Path
) -> None:
    session = program.listen("microphone")
    points = 0
    with sound_server.player(speech):
        for event in program.events():
            if event.get("type") == "readings" and event["session"] == session:
                assert event["leg"] == "customer"
                points += sum(emotion is not None for emotion in event["settled"]["emotion"])
            if points >= 50:
                break
    program.ask(f"/api/sessions/{session}/stop", {})
    folder = program.folder(session)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert sum(result["scores"].values()) == pytest.approx(1.0, abs=0.01)
    heard, said = loudness(folder / "processed_audio.wav"), loudness(speech)
    assert heard.mean() == pytest.approx(said[: len(heard)].mean(), rel=0.15)


def test_a_microphone_that_is_unplugged_is_told_and_heard_again_when_it_is_back(
    sound_server: SoundServer, program: Tonewatch, speech: Path
) -> None:
    session = program.listen("unplugged")
    events = (
        event
        for event in program.events()
        if event["type"] in ("readings", "fault") and event["session"] == session
    )
    with sound_server.player(speech):
        next(event for event in events if event["type"] == "readings")
        sound_server.process.terminate()
        fault = next(event for event in events if event["type"] == "fault")
    assert (fault["code"], fault["active"]) == ("source", True)
    assert "plug it in" in fault["way_out"]
    home = Path(sound_server.environment["HOME"])
    with rig.sound_server(home) as again, again.player(speech):
        mended = next(event for event in events if event["type"] == "fault")
        assert (mended["code"], mended["active"]) == ("source", False)
        next(event for event in events if event["type"] == "readings")
    program.ask(f"/api/sessions/{session}/stop", {})
    folder = program.folder(session)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert {gap["reason"] for gap in result["gap_reasons"]} == {"device"}
    assert result["gaps"][-1]["start_s"] > 1
    seconds = soundfile.info(folder / "processed_audio.wav").duration
    assert seconds == pytest.approx(result["duration_s"], abs=0.02)
