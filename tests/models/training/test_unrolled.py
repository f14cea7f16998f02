"""The streaming network behind the windowed contract."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.graph import export_graph
from tonewatch.models.training.head import Head
from tonewatch.models.training.streaming import StreamingConfig, from_encoder
from tonewatch.models.training.streaming_graph import StreamingCompact
from tonewatch.models.training.unrolled import Unrolled

from .small import HEADS, LAYERS, WIDTH, variables, voice

pytestmark = pytest.mark.torch
CONFIG = StreamingConfig(width=WIDTH, heads=HEADS)


@pytest.fixture(scope="module")
def network() -> StreamingCompact:
    weight = np.random.default_rng(0).standard_normal((9, WIDTH)).astype(np.float32)
    windowed = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    head = Head(weight=weight, bias=np.zeros(9, np.float32))
    return StreamingCompact(from_encoder(windowed, CONFIG), head).eval()


def test_a_window_is_read_as_a_call_that_begins_with_it(network: StreamingCompact) -> None:
    wave, more = voice(1, 0, seconds=1.5)[None], voice(2, 1, seconds=1.0)[None]
    call = torch.from_numpy(np.concatenate([wave, more], 1))
    with torch.inference_mode():
        lagging = network(call, *network.encoder.begin())[0].numpy()[0, CONFIG.delay :]
        logits, features = Unrolled(network)(torch.from_numpy(wave))
    sure = 75 - CONFIG.delay
    assert logits.shape == (1, 75, 9)
    assert features.shape == (1, 75, WIDTH)
    assert logits.numpy()[0, :sure] == pytest.approx(lagging[:sure], abs=1e-4)


@pytest.mark.parametrize(("rows", "samples"), [(1, 16_000), (1, 48_000), (3, 24_100)])
def test_its_graph_reads_any_number_of_windows_of_any_length(
    network: StreamingCompact, tmp_path: Path, rows: int, samples: int
) -> None:
    export_graph(Unrolled(network), tmp_path / "whole.onnx")
    session = ort.InferenceSession(str(tmp_path / "whole.onnx"), providers=["CPUExecutionProvider"])
    waves = np.stack([voice(i, i, seconds=3.0)[:samples] for i in range(rows)])
    logits, features = session.run(None, {"wave": waves})
    with torch.inference_mode():
        wanted = Unrolled(network)(torch.from_numpy(waves))
    assert logits.shape == (rows, samples // 320, 9)
    assert logits == pytest.approx(wanted[0].numpy(), abs=1e-3)
    assert features == pytest.approx(wanted[1].numpy(), abs=1e-3)
