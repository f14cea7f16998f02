"""`tonewatch evaluate`: what it refuses, and that a report is written."""

from pathlib import Path

import numpy as np
import soundfile
from click.testing import CliRunner

from tonewatch.commands.evaluate import command

from ..models.tiny import tiny_model


def clips(folder: Path) -> Path:
    rows = ["path,corpus,speaker,label"]
    rng = np.random.default_rng(0)
    for number in range(12):
        name = f"{number}.wav"
        soundfile.write(folder / name, 0.1 * rng.standard_normal(20000), 16000)
        rows.append(f"{name},mine,s{number % 3},{('angry', 'happy')[number % 2]}")
    manifest = folder / "clips.csv"
    manifest.write_text("\n".join(rows))
    return manifest


def test_a_report_is_written(tmp_path: Path) -> None:
    model, manifest = tiny_model(tmp_path / "tiny"), clips(tmp_path)
    asked = [str(model), str(manifest), "--output", str(tmp_path / "r"), "--no-robustness"]
    answer = CliRunner().invoke(command, asked)
    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "r" / "evaluation.md").is_file()


def test_speakers_that_were_learned_from_are_refused_by_name(tmp_path: Path) -> None:
    model, manifest = tiny_model(tmp_path / "tiny"), clips(tmp_path)
    asked = [str(model), str(manifest), "--trained-on", str(manifest), "--no-robustness"]
    answer = CliRunner().invoke(command, asked)
    assert answer.exit_code == 1
    assert "s0, s1, s2" in answer.output


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    answer = CliRunner().invoke(command, ["nosuch", str(clips(tmp_path))])
    assert answer.exit_code == 2
    assert "unknown model 'nosuch'" in answer.output
