from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch


def test_it_answers_batches_as_funasr_answers_windows(tmp_path: Path) -> None:
    from tonewatch.onnx_export.emotion2vec.checkpoint import build, load_checkpoint
    from tonewatch.onnx_export.emotion2vec.reference import reference_run

    from ..tiny import checkpoint

    found = load_checkpoint(checkpoint(tmp_path / "tiny"))
    run = reference_run(found.folder)
    waves = np.random.default_rng(0).standard_normal((2, 16000)).astype(np.float32) * 0.1
    logits, features = run(waves)
    assert logits.shape == (2, 49, 9)
    assert features.shape == (2, 49, 64)
    import torch

    with torch.inference_mode():
        mine, _ = build(found)(torch.from_numpy(waves))
    np.testing.assert_allclose(logits, mine.numpy(), atol=1e-4)
