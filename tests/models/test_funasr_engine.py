from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.engine import EngineError
from tonewatch.models.funasr_engine import FunasrEngine
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.models.window import Window


def manifest() -> Manifest:
    from tonewatch.models.labels import LABELS

    return Manifest(
        name="tiny",
        version="1",
        graph="model.pt",
        window_samples=48000,
        lengths=(16000, 48000),
        receptive_field=400,
        labels=LABELS,
        known=LABELS,
        feature_dim=64,
        licence=Licence(name="none", commercial_use=True, notice=""),
    )


def test_a_folder_without_its_files_is_refused_before_funasr_sees_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model\.pt, config\.yaml.*missing"):
        FunasrEngine(tmp_path, manifest())


@pytest.mark.torch
def test_mean_frame_logits_are_funasrs_scores_and_its_side_effects_stay_out(tmp_path: Path) -> None:
    import torch

    from ..onnx_export.tiny import checkpoint

    folder = checkpoint(tmp_path / "tiny")
    torch.manual_seed(5)
    before = torch.get_rng_state().clone()
    engine = FunasrEngine(folder, manifest())
    assert torch.equal(torch.get_rng_state(), before)
    noise = np.random.default_rng(0).standard_normal(48000).astype(np.float32) * 0.1
    window = Window(leg="a", start_frame=3, samples=noise, speech=1.0, captured_at=0.0)
    (frames,) = engine.infer([window])
    assert frames.logits.shape == (149, 9)
    scores, _ = engine.generate(noise)
    logits = frames.logits.astype(np.float64).mean(axis=0)
    mine = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(mine, scores, atol=1e-5)
    with pytest.raises(EngineError, match="finite"):
        engine.generate(np.full(16000, np.nan, np.float32))
