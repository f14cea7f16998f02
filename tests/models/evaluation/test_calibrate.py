import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.commands.clips import clips
from tests.models.tiny import tiny_model

from tonewatch.models.evaluation.calibrate import calibrate, calibrate_on, keep, temperature_of
from tonewatch.models.evaluation.metrics import scores_of
from tonewatch.models.manifest import Calibration, Manifest
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.training.corpus import CorpusError, read_manifest


def drawn(heat: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `heat` times too sure, and labels drawn from what they should say."""
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((count, 9)).astype(np.float32) * 2
    scores = scores_of(logits, 1.0)
    truth = (rng.random((count, 1)) > scores.cumsum(axis=1)).sum(axis=1)
    return (logits * heat).astype(np.float32), np.minimum(truth, 8)


@given(st.floats(0.2, 10.0))
def test_logits_that_are_too_sure_are_cooled_by_as_much(heat: float) -> None:
    assert temperature_of(*drawn(heat)) == pytest.approx(heat, rel=0.1)


def test_the_error_is_that_of_speakers_left_out() -> None:
    logits, truth = drawn(3.0)
    speakers = [f"s{number % 4}" for number in range(len(truth))]
    found = calibrate(logits, truth, speakers)
    assert found.temperature == pytest.approx(3.0, rel=0.1)
    assert found.ece is not None
    assert found.ece < 0.05
    assert "4 speakers" in found.fitted_on


def test_one_speaker_is_not_enough() -> None:
    with pytest.raises(CorpusError, match="two speakers"):
        calibrate(*drawn(1.0, 10), ["ann"] * 10)


def test_any_model_is_calibrated_on_clips(tmp_path: Path) -> None:
    engine = OnnxEngine(tiny_model(tmp_path / "tiny"), provider="cpu")
    assert calibrate_on(engine, read_manifest(clips(tmp_path / "clips"))).temperature > 0


def test_speakers_that_the_model_has_heard_are_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny", accuracy={"trained_speakers": ["ann"]})
    with pytest.raises(CorpusError, match="ann"):
        calibrate_on(OnnxEngine(folder, provider="cpu"), read_manifest(clips(tmp_path / "clips")))


def test_a_calibration_is_kept_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    before = json.loads((folder / "model.json").read_text())
    keep(folder, Calibration(temperature=2.5, ece=0.03, fitted_on="some"))
    assert Manifest.load(folder).calibration.temperature == 2.5
    after = json.loads((folder / "model.json").read_text())
    assert {key: after[key] for key in before} == before
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "tiny.onnx"]
