"""The microphone for real: sound card, PortAudio, server, engine, page's socket, folder."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .rig import SoundServer, Tonewatch, until

pytestmark = pytest.mark.slow


def level(path: Path) -> float:
    """Root mean square of what is not silence."""
    samples, rate = soundfile.read(path, dtype="float64")
    blocks = samples[: len(samples) // rate * rate].reshape(-1, rate // 50)
    loud = np.sqrt((blocks**2).mean(axis=1))
    return float(np.sqrt((loud[loud > 1e-3] ** 2).mean()))


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
    assert level(folder / "processed_audio.wav") == pytest.approx(level(speech), rel=0.25)


def test_a_microphone_that_is_unplugged_closes_its_session_with_a_reason(
    sound_server: SoundServer, program: Tonewatch, speech: Path
) -> None:
    session = program.listen("unplugged")
    told: dict[str, object] = {}
    with sound_server.player(speech):
        for event in program.events():
            if event.get("type") == "readings" and event["session"] == session:
                sound_server.process.terminate()
            if event.get("type") == "session" and event["session"]["id"] == session:
                told = event["session"]
                if told["state"] == "lost":
                    break
    folder = program.folder(session)
    assert soundfile.info(folder / "processed_audio.wav").frames > 16_000
    assert until(lambda: program.ask("/healthz")["sessions"] == 0, "the end of the session")
