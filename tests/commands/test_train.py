"""`tonewatch train`: what it says before it begins; training itself is tested in its room."""

from pathlib import Path

from .shell import tonewatch


def test_missing_files_are_named(tmp_path: Path) -> None:
    words = ["--manifest", tmp_path / "clips.csv", "--encoder", tmp_path / "model.bin"]
    answer = tonewatch("train", *words, "--output", tmp_path / "new")
    assert answer.exit_code == 2
    assert "clips.csv" in answer.output
    assert not (tmp_path / "new").exists()
