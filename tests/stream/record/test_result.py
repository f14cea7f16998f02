import math
from pathlib import Path

import pytest
from tests.stream.record.world import MANIFEST, flag, hear, made, rows

from tonewatch.models.labels import FEARFUL, HAPPY
from tonewatch.stream.events import EpisodeChanged, Mark
from tonewatch.stream.record.files import FolderError
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.formats import POOR
from tonewatch.stream.record.in_force import InForce
from tonewatch.stream.record.result import last_episodes, read_result, session_result
from tonewatch.stream.settings import DecisionSettings, StreamSettings


def result(folder: SessionFolder, **decision: object) -> dict[str, object]:
    folder.sync()
    forced = InForce(
        settings=StreamSettings(decision=DecisionSettings(**decision)),  # type: ignore[arg-type]
        model=MANIFEST,
    )
    return session_result(folder.path, folder.card, folder.info, forced, {})


def test_the_result_is_the_softmax_of_the_mean_speech_frame(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 100)
    folder.settle("customer", 0, rows(0, 60, FEARFUL))
    folder.settle("customer", 60, rows(60, 40, HAPPY))
    silent = rows(0, 10, HAPPY)
    silent["state"] = 1
    folder.settle("customer", 100, silent)
    found = result(folder)
    # Mean logits: fearful 1.2, happy 0.8, three known labels at 0.
    assert found["emotion"] == "fearful"
    expected = math.exp(1.2) / (math.exp(1.2) + math.exp(0.8) + 3)
    assert found["confidence"] == pytest.approx(expected, abs=1e-4)
    assert found["speech_s"] == 2.0


def test_a_temperature_changes_the_scores(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.settle("customer", 0, rows(0, 50))
    hot, cold = result(folder, temperature=4.0), result(folder, temperature=0.5)
    assert hot["confidence"] < cold["confidence"]  # type: ignore[operator]
    assert (hot["temperature"], cold["temperature"]) == (4.0, 0.5)


def test_poor_audio_is_called_unknown(tmp_path: Path) -> None:
    folder = made(tmp_path)
    poor = rows(0, 60)
    poor["state"] |= POOR
    folder.settle("customer", 0, poor)
    folder.settle("customer", 60, rows(60, 40))
    found = result(folder)
    assert (found["emotion"], found["doubt"]) == ("unknown", "poor audio")
    assert found["scores"]["fearful"] > 0.5  # type: ignore[index]


def test_rivals_are_null_when_the_decision_is_off(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.settle("customer", 0, rows(0, 50))
    on, off = result(folder), result(folder, enabled=False)
    assert on["fear"] is not None
    assert off["fear"] is off["disgust"] is None
    assert list(on) == list(off)


def test_episodes_are_told_as_they_were_last() -> None:
    def episode(id: str, end: int) -> EpisodeChanged:
        told = flag(id=id, kind="dual", state="open", start=0, end=end)
        return EpisodeChanged(session="s1", episode=told, captured_at_ns=0)

    events = [episode("a", 1), Mark(session="s1", name="n", at=0), episode("b", 2), episode("a", 3)]
    assert [(one.id, one.end) for one in last_episodes(events)] == [("a", 3), ("b", 2)]


def test_a_folder_without_a_result_has_an_empty_one(tmp_path: Path) -> None:
    assert read_result(tmp_path) == {}
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(FolderError, match=r"result\.json: cannot be read"):
        read_result(tmp_path)
