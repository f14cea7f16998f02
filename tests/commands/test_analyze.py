"""`tonewatch analyze`, with the model that comes along."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
from tests.stream.sound import RATE, voice

from tonewatch.stream.sources.demo import LEGS, demo_call

from .shell import tonewatch


def recording(path: Path, seconds: float = 4.0) -> Path:
    soundfile.write(path, voice(seconds), RATE)
    return path


def results(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/result.json"))]


def test_recordings_become_session_folders_and_a_table(tmp_path: Path) -> None:
    recording(tmp_path / "one.wav")
    recording(tmp_path / "two.wav")
    out = tmp_path / "out"
    answer = tonewatch(
        "analyze", tmp_path, "--output", out, "--name", "day", "--model", "compact", "--no-plot"
    )
    assert answer.exit_code == 0
    assert "one.wav" in answer.output
    assert "two.wav" in answer.output
    assert len(results(out)) == 2
    assert all("_day_" in folder.name for folder in out.iterdir() if folder.is_dir())


def test_a_picture_is_left_beside_the_result(tmp_path: Path) -> None:
    file = recording(tmp_path / "one.wav")
    assert tonewatch("analyze", file, "--output", tmp_path, "--model", "compact").exit_code == 0
    (picture,) = tmp_path.glob("*/curves.png")
    assert picture.stat().st_size > 1000


def test_what_cannot_be_read_is_named_and_the_rest_is_done(tmp_path: Path) -> None:
    recording(tmp_path / "good.wav")
    (tmp_path / "bad.wav").write_bytes(b"this is not sound")
    out = tmp_path / "out"
    answer = tonewatch("analyze", tmp_path, "--output", out, "--model", "compact", "--no-plot")
    assert answer.exit_code == 1
    (line,) = [line for line in answer.output.splitlines() if line.startswith("tonewatch:")]
    assert "bad.wav" in line
    assert len(results(out)) == 1


def test_roles_are_given_by_name(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "two.wav", np.stack([voice(4), voice(4)], axis=1), RATE)
    words = ["--output", tmp_path, "--legs", "agent,customer", "--model", "compact", "--no-plot"]
    assert tonewatch("analyze", tmp_path / "two.wav", *words).exit_code == 0
    (result,) = results(tmp_path)
    assert [leg["scored"] for leg in result["legs"]] == [False, True]  # type: ignore[attr-defined]


def test_nothing_to_analyse_is_said(tmp_path: Path) -> None:
    answer = tonewatch("analyze", tmp_path / "nowhere.wav", "--model", "compact")
    assert answer.exit_code == 1
    assert "nowhere.wav: no such file" in answer.output
    assert "confidence" not in answer.output


def test_an_output_folder_that_takes_nothing_is_told_before_anything_is_done(
    tmp_path: Path,
) -> None:
    file = recording(tmp_path / "one.wav", 1.0)
    answer = tonewatch("analyze", file, "--model", "compact", "--output", file / "out")
    assert answer.exit_code == 1
    assert f"cannot write to the output folder {file / 'out'}" in answer.output
    assert "model compact" not in answer.output


def test_brackets_in_a_name_are_shown_as_they_are(tmp_path: Path) -> None:
    file = recording(tmp_path / "call[agent].wav", 1.0)
    words = ["--output", tmp_path, "--model", "compact", "--no-plot"]
    answer = tonewatch("analyze", file, *words)
    assert answer.exit_code == 0
    assert answer.output.count("call[agent].wav") == 2, "in the table and beside the bar"


def test_an_unknown_model_is_named_with_the_way_out(tmp_path: Path) -> None:
    file = recording(tmp_path / "one.wav", 1.0)
    answer = tonewatch("analyze", file, "--model", "oracle", "--output", tmp_path)
    assert answer.exit_code == 2
    assert "oracle" in answer.output


def test_context_and_profile_are_applied_and_told(tmp_path: Path) -> None:
    file = recording(tmp_path / "one.wav")
    words = ["--output", tmp_path, "--model", "compact", "--no-plot"]
    scene = ["--context", "smoke in the house", "--profile", "emergency"]
    assert tonewatch("analyze", file, *words, *scene).exit_code == 0
    (result,) = results(tmp_path)
    assert result["scene"]["shifts"] == {"fearful": 0.6}  # type: ignore[index]


def test_an_unknown_profile_is_told_before_anything_is_done(tmp_path: Path) -> None:
    file = recording(tmp_path / "one.wav")
    answer = tonewatch("analyze", file, "--output", tmp_path / "out", "--profile", "opera")
    assert answer.exit_code == 2
    assert "unknown profile 'opera'" in answer.output
    assert not (tmp_path / "out").exists()


def test_the_demo_call_shows_a_moment_for_review_by_default(tmp_path: Path) -> None:
    words = ["--output", tmp_path, "--legs", ",".join(LEGS), "--no-plot"]
    assert tonewatch("analyze", demo_call(), *words).exit_code == 0
    (result,) = results(tmp_path)
    assert result["episodes"], "no flag in the demo call"


def test_an_analysis_loads_neither_the_database_nor_the_page() -> None:
    """Each takes longer to load than a minute of sound to analyse."""
    code = (
        "import sys, tonewatch.commands.analyze\n"
        "print(sorted({'sqlalchemy', 'starlette', 'uvicorn', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
