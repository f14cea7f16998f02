from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_labels_are_put_into_the_products_columns_and_the_rest_is_masked(tmp_path: Path) -> None:
    import torch

    from tonewatch.models.labels import FEARFUL, HAPPY, MASKED_LOGIT, SAD
    from tonewatch.onnx_export.graph import Served, export_graph

    class Two(torch.nn.Module):
        """Logits of sad and fearful for frames of 400 samples."""

        def forward(self, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            frames = wave.unfold(1, 400, 320)
            features = torch.stack([frames.mean(-1), frames.amax(-1)], dim=-1)
            return features * 10, features

    graph = tmp_path / "two.onnx"
    export_graph(Served(Two(), ("sad", "fearful")), graph)
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    for batch, samples in ((1, 16000), (3, 48000)):
        noise = np.random.default_rng(0).standard_normal((batch, samples)).astype(np.float32)
        logits, features = session.run(["logits", "features"], {"wave": noise})
        assert logits.shape == (batch, (samples - 400) // 320 + 1, 9)
        np.testing.assert_allclose(logits[..., SAD], features[..., 0] * 10, rtol=1e-5)
        np.testing.assert_allclose(logits[..., FEARFUL], features[..., 1] * 10, rtol=1e-5)
        assert (logits[..., HAPPY] == MASKED_LOGIT).all()
