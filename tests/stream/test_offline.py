from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.record.world import LoudnessEngine
from tests.stream.sound import RATE, silence, voice

from tonewatch.models.engine import EngineError
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.offline import AnalyzeResult, Tools, analyze
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.settings import RecordSettings, StreamSettings
from tonewatch.stream.sources.reading import RecordingError


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


def tools(output: Path, vad: Vad, *, batch: int = 8, **record: object) -> Tools:
    settings = StreamSettings(record=RecordSettings(output=output, **record))  # type: ignore[arg-type]
    return Tools(engine=LoudnessEngine(), vad=vad, settings=settings, batch=batch)


def saved(path: Path, *channels: np.ndarray, rate: int = RATE) -> Path:
    sf.write(path, np.stack(channels, axis=1), rate)
    return path


def curve(result: AnalyzeResult, leg: int = 0) -> np.ndarray:
    return np.array(read_rows(result.folder, read_card(result.folder).files[leg]))


def test_a_recording_becomes_a_session_folder(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", voice(8))
    seen: list[tuple[float, float]] = []
    found = analyze(
        path, tools(tmp_path / "out", vad), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (8.0, 8.0)
    assert found.info.state == "ended"
    assert found.info.notice is not None
    assert found.info.notice.method == "test"
    assert found.result["duration_s"] == 8.0
    assert found.result["speech_s"] > 4
    assert found.result["emotion"] in ("fearful", "disgusted")
    assert found.folder.name.endswith("_call")
    samples, _ = sf.read(found.folder / "processed_audio.wav", dtype="int16")
    original, _ = sf.read(path, dtype="int16")
    assert np.array_equal(samples, original)
    assert len(curve(found)) == 400


def test_fear_against_disgust_becomes_an_episode(tmp_path: Path, vad: Vad) -> None:
    found = analyze(saved(tmp_path / "call.wav", voice(8)), tools(tmp_path / "out", vad))
    episodes = found.result["episodes"]
    assert episodes
    assert {episode["leg"] for episode in episodes} == {"customer"}


def test_only_the_customer_is_scored(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", voice(5, f0=200.0), voice(5, seed=2))
    shared = tools(tmp_path / "out", vad)
    found = analyze(path, shared, legs=("agent", "customer"))
    engine = shared.engine
    assert isinstance(engine, LoudnessEngine)
    assert set(engine.legs) == {f"{found.info.id}/customer"}
    assert engine.open_legs == set()
    names = {file.name for file in found.folder.iterdir()}
    assert {"agent.wav", "processed_audio.wav"} <= names
    assert not any(name.startswith("agent.frames") for name in names)
    agent, _ = sf.read(found.folder / "agent.wav", dtype="int16")
    assert np.array_equal(agent, sf.read(path, dtype="int16")[0][:, 0])


def test_a_mixed_channel_is_recorded_and_not_scored(tmp_path: Path, vad: Vad) -> None:
    shared = tools(tmp_path / "out", vad)
    found = analyze(saved(tmp_path / "call.wav", voice(4)), shared, legs=("mix",))
    assert shared.engine.calls == []  # type: ignore[attr-defined]
    assert not found.result["scoring"]
    assert "no leg is a customer" in found.result["scoring_reason"]
    assert (found.folder / "mix.wav").exists()


def test_silence_is_never_scored(tmp_path: Path, vad: Vad) -> None:
    shared = tools(tmp_path / "out", vad)
    found = analyze(saved(tmp_path / "call.wav", silence(5)), shared)
    assert shared.engine.calls == []  # type: ignore[attr-defined]
    assert found.result["emotion"] == "unknown"
    assert found.result["doubt"] == "no speech"
    assert not (curve(found)["state"] & 1).any()


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_the_batch_changes_nothing_but_the_speed(tmp_path: Path, vad: Vad, batch: int) -> None:
    path = saved(tmp_path / "call.wav", voice(7, pause=1.5))
    one = analyze(path, tools(tmp_path / "a", vad))
    other = analyze(path, tools(tmp_path / "b", vad, batch=batch))
    assert curve(one).tobytes() == curve(other).tobytes()
    assert one.result["scores"] == other.result["scores"]


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 1), (48_000, 2), (96_000, 1)])
def test_any_rate_and_channel_count_is_heard(
    tmp_path: Path, vad: Vad, rate: int, channels: int
) -> None:
    path = saved(tmp_path / "call.wav", *[voice(4, rate=rate)] * channels, rate=rate)
    found = analyze(path, tools(tmp_path / "out", vad))
    assert found.result["duration_s"] == pytest.approx(4.0, abs=0.03)
    assert found.result["speech_s"] > 1.5


def test_six_channels_need_names(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", *[voice(2)] * 6)
    told = r"6 channels; legs must name each.*customer,agent,leg3"
    with pytest.raises(RecordingError, match=told):
        analyze(path, tools(tmp_path / "out", vad))
    found = analyze(
        path, tools(tmp_path / "out", vad), legs=("a", "b", "customer", "d", "agent", "mix")
    )
    assert len(list(found.folder.glob("*.wav"))) == 6


def test_embeddings_are_kept_only_when_asked(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", voice(4))
    without = analyze(path, tools(tmp_path / "a", vad))
    assert not (without.folder / "embedding.npy").exists()
    shared = tools(tmp_path / "b", vad, embedding=True, granularity="utterance")
    found = analyze(path, shared)
    assert np.load(found.folder / "embedding.npy").shape == (1, 4)
    assert found.result["granularity"] == "utterance"


def test_a_recording_cut_short_is_kept_up_to_its_fault(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", voice(6))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    output = tmp_path / "out"
    with pytest.raises(RecordingError, match=r"cut short.*what came before is in .*out"):
        analyze(path, tools(output, vad))
    (folder,) = output.iterdir()
    assert read_card(folder).info.state == "lost"
    assert sf.info(folder / "processed_audio.wav").duration > 1.9


def test_what_is_no_recording_leaves_no_folder(tmp_path: Path, vad: Vad) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(RecordingError, match="not a sound file"):
        analyze(path, tools(tmp_path / "out", vad))
    assert not (tmp_path / "out").exists()


def test_an_engine_that_fails_leaves_a_closed_folder(
    tmp_path: Path, vad: Vad, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("out of memory")

    monkeypatch.setattr(LoudnessEngine, "infer", fail)
    output = tmp_path / "out"
    with pytest.raises(EngineError, match="out of memory"):
        analyze(saved(tmp_path / "call.wav", voice(4)), tools(output, vad))
    (folder,) = output.iterdir()
    assert read_card(folder).info.state == "lost"


def test_recordings_of_one_second_get_folders_of_their_own(tmp_path: Path, vad: Vad) -> None:
    path = saved(tmp_path / "call.wav", voice(1))
    shared = tools(tmp_path / "out", vad)
    folders = {analyze(path, shared, name="user001").folder for _ in range(3)}
    assert len(folders) == 3
