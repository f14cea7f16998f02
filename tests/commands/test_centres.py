"""`tonewatch centres`: fit, show, test, and what they refuse."""

from pathlib import Path

import numpy as np
import soundfile
from click.testing import CliRunner, Result

from tonewatch.commands.centres import command

from ..models.tiny import tiny_model


def clips(folder: Path) -> Path:
    rows = ["path,corpus,speaker,label"]
    rng = np.random.default_rng(0)
    for number in range(12):
        name = f"{number}.wav"
        soundfile.write(folder / name, 0.1 * rng.standard_normal(20000), 16000)
        rows.append(f"{name},mine,s{number % 3},{('fearful', 'disgusted')[number % 2]}")
    (folder / "clips.csv").write_text("\n".join(rows))
    return folder / "clips.csv"


def run(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_fitted_centres_lie_in_the_model_and_are_shown_and_tested(tmp_path: Path) -> None:
    model, manifest = tiny_model(tmp_path / "tiny"), clips(tmp_path)
    fitted = run("fit", model, manifest, "--version", "9")
    assert fitted.exit_code == 0, fitted.output
    shown = run("show", model)
    assert "centres 9 of" in shown.output
    assert "fitted on: mine" in shown.output
    tested = run("test", model, manifest)
    assert "clean:" in tested.output
    assert "telephone:" in tested.output


def test_a_model_without_centres_is_told_how_to_get_some(tmp_path: Path) -> None:
    model, manifest = tiny_model(tmp_path / "tiny"), clips(tmp_path)
    answer = run("test", model, manifest)
    assert answer.exit_code == 1
    assert "tonewatch centres fit" in answer.output


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    model, manifest = tiny_model(tmp_path / "tiny"), clips(tmp_path)
    manifest.write_text("\n".join(manifest.read_text().splitlines()[:5]))
    answer = run("fit", model, manifest)
    assert answer.exit_code == 1
    assert "expected 10 or more" in answer.output


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    answer = run("show", tmp_path / "x.json")
    assert answer.exit_code == 1
    assert "x.json" in answer.output
