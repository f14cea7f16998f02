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
    assert str(Path(__file__).parent).encode() not in graph.read_bytes()
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    for batch, samples in ((1, 16000), (3, 48000)):
        noise = np.random.default_rng(0).standard_normal((batch, samples)).astype(np.float32)
        logits, features = session.run(["logits", "features"], {"wave": noise})
        assert logits.shape == (batch, (samples - 400) // 320 + 1, 9)
        np.testing.assert_allclose(logits[..., SAD], features[..., 0] * 10, rtol=1e-5)
        np.testing.assert_allclose(logits[..., FEARFUL], features[..., 1] * 10, rtol=1e-5)
        assert (logits[..., HAPPY] == MASKED_LOGIT).all()


def test_quantising_leaves_the_named_products_alone(tmp_path: Path) -> None:
    """Head and projection carry the answer, and are small."""
    import onnx
    import torch

    from tonewatch.onnx_export.graph import export_graph, quantise_dynamic, quantise_static

    class Three(torch.nn.Module):
        """Two products and a head, for frames of 400 samples."""

        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(400, 32)
            self.second = torch.nn.Linear(32, 16)
            self.head = torch.nn.Linear(16, 9)

        def forward(self, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.second(self.first(wave.unfold(1, 400, 320)).relu())
            return self.head(features), features

    torch.manual_seed(0)
    full = tmp_path / "full.onnx"
    export_graph(Three(), full)
    keep = frozenset({(16, 9)})
    rng = np.random.default_rng(0)
    speech = [rng.standard_normal(16000).astype(np.float32) for _ in range(4)]
    quantise_dynamic(full, tmp_path / "dynamic.onnx", keep=keep)
    quantise_static(full, tmp_path / "static.onnx", keep=keep, speech=speech)
    for name in ("dynamic", "static"):
        graph = onnx.load(str(tmp_path / f"{name}.onnx")).graph
        small = [t for t in graph.initializer if t.data_type == onnx.TensorProto.INT8]
        assert sorted(tuple(t.dims) for t in small if len(t.dims) == 2) == [(32, 16), (400, 32)]
        run = [
            ort.InferenceSession(str(tmp_path / file), providers=["CPUExecutionProvider"]).run(
                ["logits"], {"wave": speech[0][None]}
            )[0]
            for file in ("full.onnx", f"{name}.onnx")
        ]
        assert 0 < np.abs(run[0] - run[1]).max() < 0.1
