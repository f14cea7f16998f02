import csv
import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.record.world import flag, forced, hear, made, rows, session, sound

from tonewatch.stream.events import EpisodeChanged, GapNoted, Mark
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.files import FolderError
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import read_points

ENDED = "2026-11-21T05:01:00Z"


def ended(folder: SessionFolder) -> dict[str, object]:
    for _ in folder.end(replace(folder.info, state="ended", ended_at=ENDED), {"superseded": 3}):
        pass
    found: dict[str, object] = json.loads((folder.path / "result.json").read_text())
    return found


def wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_sound_is_on_disk_sample_for_sample_and_gaps_are_zeros(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 50)
    hear(folder, 60, 40)
    assert folder.sync() == folder.durable == 100
    found = wav(folder.path / "processed_audio.wav")
    expected = np.concatenate([sound(0, 50), np.zeros(3200, np.int16), sound(60, 40)])
    assert np.array_equal(found, expected)
    again, rate = sf.read(folder.path / "processed_audio.wav", dtype="int16")
    assert rate == 16_000
    assert np.array_equal(again, expected)


def test_every_leg_has_its_file_and_the_slowest_counts(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("customer", "agent", "../é vil", "Agent")))
    for leg, frames in {"customer": 10, "agent": 9, "../é vil": 8, "Agent": 7}.items():
        hear(folder, 0, frames, leg)
    assert folder.sync() == 7
    names = {path.name for path in folder.path.glob("*.wav")}
    assert names == {"processed_audio.wav", "agent.wav", "é_vil.wav", "agent_2.wav"}
    assert np.array_equal(wav(folder.path / "agent.wav"), sound(0, 9))


def test_an_unknown_leg_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="no leg 'boss'; it has customer"):
        hear(made(tmp_path), 0, 1, "boss")


def test_the_result_has_the_keys_that_programs_rely_on(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 100)
    folder.settle("customer", 0, rows(0, 90))
    result = ended(folder)
    assert result["emotion"] == "fearful"
    assert list(result)[:5] == ["emotion", "confidence", "scores", "granularity", "timestamp"]
    scores = result["scores"]
    assert isinstance(scores, dict)
    assert list(scores)[2] == "fearful"
    # Softmax of logits (2, 0, 0, 0, 0) over the five labels that the model knows.
    assert scores["fearful"] == pytest.approx(np.exp(2) / (np.exp(2) + 4), abs=1e-4)
    assert result["confidence"] == scores["fearful"]
    assert scores["unknown"] == 0.0
    assert result["granularity"] == "frame"
    assert result["speech_s"] == 1.8
    assert result["duration_s"] == 2.0
    assert result["live"] == {"superseded": 3}
    assert read_card(folder.path).info.state == "ended"


def test_a_session_without_speech_has_the_same_keys_and_types(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path)
    hear(first, 0, 100)
    first.settle("customer", 0, rows(0, 90))
    hear(second, 0, 20, speech=False)
    with_speech, without = ended(first), ended(second)
    assert list(without) == list(with_speech)
    assert without["emotion"] == "unknown"
    assert without["confidence"] == 0.0
    assert without["doubt"] == "no speech"


def test_meters_count_talk_silence_gaps_and_overlap(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("customer", "agent")))
    hear(folder, 0, 50, speech=True)
    hear(folder, 60, 40, speech=False)
    hear(folder, 0, 25, "agent", speech=False)
    hear(folder, 25, 75, "agent", speech=True)
    legs = ended(folder)["legs"]
    assert isinstance(legs, list)
    meters = ("duration_s", "talk_s", "silence_s", "gap_s", "overlap_s")
    assert [legs[0][name] for name in meters] == [2.0, 1.0, 0.8, 0.2, 0.5]
    assert [legs[1][name] for name in meters] == [2.0, 1.5, 0.5, 0.0, 0.5]
    assert "emotion" not in legs[1]


def test_episodes_gaps_and_marks_reach_the_result_as_last_told(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 50)
    episode = flag(state="open")
    for end in (20, 30):
        told = replace(episode, end=end)
        folder.log(EpisodeChanged(session="s1", episode=told, captured_at_ns=0))
    gap = GapNoted(session="s1", leg="customer", start=160, length=320, reason="muted")
    folder.log(gap)
    folder.log(Mark(session="s1", name="restart", at=8000))
    result = ended(folder)
    (found,) = result["episodes"]  # type: ignore[misc]
    assert (found["start_s"], found["end_s"]) == (0.2, 0.6)
    assert found["reason_zh"] == "接近"
    assert result["gap_reasons"] == [{"leg": "customer", "start_s": 0.01, "reason": "muted"}]
    assert result["marks"] == [{"name": "restart", "at_s": 0.5}]


def test_frames_are_kept_as_array_and_table(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 100)
    folder.settle("customer", 20, rows(20, 30))
    ended(folder)
    array = np.load(folder.path / "frames.npy")
    assert len(array) == 100
    assert np.array_equal(array[20:50], rows(20, 30))
    assert not array["state"][:20].any()
    with (folder.path / "frames.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 100
    assert table[19]["fearful"] == table[19]["emotion"] == ""
    assert table[25] == {
        **dict.fromkeys(("angry", "disgusted", "happy", "neutral", "other", "sad"), "0.0000"),
        **dict.fromkeys(("surprised", "unknown"), "0.0000"),
        "frame": "25",
        "time_s": "0.50",
        "fearful": "0.7500",
        "fear": "25.00",
        "disgust": "5.00",
        "confidence": "0.7500",
        "emotion": "fearful",
        "speech": "1",
    }
    points = read_points(folder.path, read_card(folder.path).files[0], 4)
    assert points.fear[4:7] == (None, 20.0, 24.0)
    assert len(points.fear) == 25


@pytest.mark.parametrize(("granularity", "shape"), [("frame", (50, 4)), ("utterance", (1, 4))])
def test_embeddings_are_kept_by_frame_or_by_utterance(
    tmp_path: Path, granularity: str, shape: tuple[int, int]
) -> None:
    folder = made(tmp_path, granularity=granularity)
    hear(folder, 0, 25, speech=False)
    hear(folder, 25, 25, speech=True)
    features = np.repeat(np.arange(50, dtype=np.float32)[:, None], 4, axis=1)
    folder.embed("customer", 0, features[:40])
    folder.embed("customer", 30, features[30:])
    ended(folder)
    found = np.load(folder.path / "embedding.npy")
    assert found.shape == shape
    assert np.allclose(found[0], 0.0 if granularity == "frame" else 37.0)


def test_a_folder_without_embeddings_holds_none(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 10)
    ended(folder)
    assert not list(folder.path.glob("*embedding*"))


def test_a_resumed_session_goes_on_where_all_legs_agree(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("customer", "agent")))
    hear(folder, 0, 100)
    hear(folder, 0, 80, "agent")
    folder.settle("customer", 0, rows(0, 90))
    folder.answered("customer", [(0, 50, False), (12, 62, True), (60, 95, False)])
    folder.begin_core("customer", 0, 3)
    folder.flush()
    with (folder.path / "processed_audio.wav").open("ab") as file:
        file.write(b"half a frame")
    again = SessionFolder.resume(folder.path)
    assert again.frames == again.durable == 80
    assert np.array_equal(wav(folder.path / "processed_audio.wav"), sound(0, 80))
    assert len(np.load(folder.path / "frames.npy")) == 80
    assert np.load(folder.path / "windows.npy").tolist() == [[0, 50, 0], [12, 62, 1]]
    for leg in ("customer", "agent"):
        hear(again, 80, 20, leg)
    again.begin_core("customer", 80, 5)
    ended(again)
    assert np.array_equal(wav(folder.path / "processed_audio.wav"), sound(0, 100))
    cores = [(core.start_frame, core.stop_frame) for core in read_card(folder.path).cores]
    assert cores == [(0, 80), (80, None)]


def test_an_ended_session_is_not_taken_up_again(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 10)
    ended(folder)
    with pytest.raises(FolderError, match="has ended"):
        SessionFolder.resume(folder.path)


def test_a_renamed_session_keeps_its_folder(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.update(replace(folder.info, name="desk 8", folder="elsewhere"))
    info = read_card(folder.path).info
    assert (info.name, info.folder) == ("desk 8", folder.path.name)


def test_a_folder_that_could_not_be_begun_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, card: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tonewatch.stream.record.folder.write_card", full)
    with pytest.raises(OSError, match="No space left"):
        made(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_session_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"not a session folder, it has no session\.json"):
        read_card(tmp_path)
    (tmp_path / "session.json").write_text("{}")
    with pytest.raises(FolderError, match="Field required"):
        read_card(tmp_path)


def test_the_settings_in_force_are_kept(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert json.loads((folder.path / "settings.json").read_text()) == json.loads(
        json.dumps(forced(tmp_path))
    )
