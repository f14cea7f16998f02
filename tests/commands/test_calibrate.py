from pathlib import Path

from tests.models.tiny import tiny_model

from tonewatch.models.manifest import Manifest

from .clips import clips
from .shell import tonewatch


def test_a_model_gets_its_temperature(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    answer = tonewatch("calibrate", folder, clips(tmp_path / "clips"))
    assert answer.exit_code == 0
    assert "temperature" in answer.output
    assert "8 clips of 2 speakers" in Manifest.load(folder).calibration.fitted_on


def test_a_look_keeps_nothing(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    before = (folder / "model.json").read_bytes()
    assert tonewatch("calibrate", folder, clips(tmp_path / "c"), "--dry-run").exit_code == 0
    assert (folder / "model.json").read_bytes() == before


def test_an_unknown_model_is_one_line(tmp_path: Path) -> None:
    answer = tonewatch("calibrate", "oracle", clips(tmp_path))
    assert answer.exit_code == 2
    assert "oracle" in answer.output
