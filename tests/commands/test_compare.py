"""`tonewatch compare`, with two small models made in the test."""

from pathlib import Path

import soundfile
from tests.models.tiny import tiny_model
from tests.stream.sound import RATE, voice

from .shell import tonewatch


def recording(path: Path, seconds: float = 4.0) -> Path:
    soundfile.write(path, voice(seconds), RATE)
    return path


def test_two_models_are_shown_on_one_recording(tmp_path: Path) -> None:
    file = recording(tmp_path / "one.wav")
    first, second = (tiny_model(tmp_path / name, seed=seed) for seed, name in enumerate("ab"))
    picture = tmp_path / "both.png"
    answer = tonewatch("compare", file, "--models", f"{first},{second}", "--picture", picture)
    assert answer.exit_code == 0
    assert "strongest label" in answer.output
    assert "frames of speech" in answer.output
    assert picture.stat().st_size > 1000


def test_session_folders_are_kept_on_demand(tmp_path: Path) -> None:
    file, model = recording(tmp_path / "one.wav"), tiny_model(tmp_path / "a")
    out = tmp_path / "out"
    words = ["--models", f"{model},{model}", "--output", out, "--no-plot"]
    assert tonewatch("compare", file, *words).exit_code == 0
    assert len(list(out.glob("*/result.json"))) == 2


def test_one_model_is_not_two(tmp_path: Path) -> None:
    answer = tonewatch("compare", recording(tmp_path / "one.wav"), "--models", "compact")
    assert answer.exit_code == 2
    assert "--models" in answer.output


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"this is not sound")
    answer = tonewatch("compare", tmp_path / "bad.wav", "--models", "compact,compact")
    assert answer.exit_code == 1
    (line,) = [line for line in answer.output.splitlines() if line.startswith("tonewatch:")]
    assert "bad.wav" in line
