import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.stream.record.world import hear, made, session

from tonewatch.stream.record.audit import AuditLog, read_audit
from tonewatch.stream.record.removal import RemovalError, Remover
from tonewatch.stream.settings import RecordSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def remover(output: Path) -> Remover:
    return Remover(output, AuditLog(output / "audit.jsonl"), lambda: NOW)


def ended(output: Path, id: str = "s1", days: float = 0.0) -> Path:
    moment = (NOW - timedelta(days=days)).isoformat()
    folder = made(output, replace(session(id), started_at=moment, call_id="c7"))
    hear(folder, 0, 10)
    folder.embed("customer", 0, np.ones((10, 4), np.float32))
    for _ in folder.end(replace(folder.info, state="ended", ended_at=moment)):
        pass
    return folder.path


def test_a_deleted_session_leaves_a_receipt_without_its_content(tmp_path: Path) -> None:
    folder = ended(tmp_path)
    receipt = remover(tmp_path).delete(folder, who="anna", reason="asked by the caller")
    assert not folder.exists()
    assert not list(tmp_path.glob(".deleting*"))
    kept = json.loads((tmp_path / "receipts" / f"{receipt['receipt']}.json").read_text())
    assert kept == receipt
    assert (kept["who"], kept["reason"], kept["session"]) == ("anna", "asked by the caller", "s1")
    assert kept["call_id"] == "c7"
    assert "processed_audio.wav" in kept["files"]
    assert "desk 7" not in json.dumps(kept["files"])
    (line,) = read_audit(tmp_path / "audit.jsonl")
    assert (line["what"], line["who"], line["session"]) == ("deleted", "anna", "s1")
    assert line["detail"]["receipt"] == receipt["receipt"]


def test_sound_and_embeddings_go_and_scores_stay(tmp_path: Path) -> None:
    folder = ended(tmp_path)
    receipt = remover(tmp_path).delete_audio(folder, who="anna", reason="tidy")
    assert receipt is not None
    assert receipt["files"] == ["processed_audio.wav", "embedding.npy"]
    assert not (folder / "processed_audio.wav").exists()
    assert (folder / "frames.npy").exists()
    assert remover(tmp_path).delete_audio(folder, who="anna", reason="tidy") is None


def test_a_running_session_is_not_deleted(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with pytest.raises(RemovalError, match="still running; stop it first"):
        remover(tmp_path).delete(folder.path, who="anna", reason="")
    assert folder.path.exists()


def test_only_session_folders_of_the_output_are_deleted(tmp_path: Path) -> None:
    output, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    inside = ended(output)
    outside = ended(elsewhere)
    (output / "outputs_other").mkdir()
    for path in (outside, output, tmp_path, inside / ".." / inside.name / "..", output / "none"):
        with pytest.raises(RemovalError, match="no session folder"):
            remover(output).delete(path, who="anna", reason="")
    with pytest.raises(RemovalError, match="not a session folder"):
        remover(output).delete(output / "outputs_other", who="anna", reason="")
    assert outside.exists()


def test_a_link_in_the_output_is_not_followed(tmp_path: Path) -> None:
    output, target = tmp_path / "out", ended(tmp_path / "elsewhere")
    output.mkdir()
    link = output / "outputs_link"
    link.symlink_to(target)
    with pytest.raises(RemovalError, match="no session folder"):
        remover(output).delete(link, who="anna", reason="")
    assert target.exists()


def test_what_is_too_old_is_deleted_by_its_own_clock(tmp_path: Path) -> None:
    ages = {"new": 0.5, "middle": 10.0, "old": 100.0}
    folders = {id: ended(tmp_path, id, days) for id, days in ages.items()}
    running = made(tmp_path, replace(session("live"), started_at="2020-01-01T00:00:00Z"))
    settings = RecordSettings(output=tmp_path, audio_days=7, scores_days=30)
    receipts = remover(tmp_path).expire(settings)
    assert {(receipt["session"], receipt["who"]) for receipt in receipts} == {
        ("middle", "system"),
        ("old", "system"),
    }
    assert (folders["new"] / "processed_audio.wav").exists()
    assert not (folders["middle"] / "processed_audio.wav").exists()
    assert (folders["middle"] / "result.json").exists()
    assert not folders["old"].exists()
    assert running.path.exists()
    assert remover(tmp_path).expire(settings) == []


def test_nothing_expires_by_default(tmp_path: Path) -> None:
    folder = ended(tmp_path, days=5000)
    assert remover(tmp_path).expire(RecordSettings(output=tmp_path)) == []
    assert (folder / "processed_audio.wav").exists()


def test_an_interrupted_deletion_is_finished(tmp_path: Path) -> None:
    folder = ended(tmp_path)
    folder.rename(tmp_path / f".deleting_{folder.name}")
    remover(tmp_path).expire(RecordSettings(output=tmp_path))
    assert not list(tmp_path.glob(".deleting*"))
