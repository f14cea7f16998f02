from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tonewatch.models.labels import LABELS, MASKED_LOGIT
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.graph import Compact, quantised, write_graph
from tonewatch.models.training.head import Head

from .small import HEADS, LAYERS, WIDTH, variables, voice

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def network() -> Compact:
    rng = np.random.default_rng(0)
    bias = np.array([0, 0, 0, 0, 0, MASKED_LOGIT, 0, 0, MASKED_LOGIT], np.float32)
    weight = rng.standard_normal((9, WIDTH)).astype(np.float32) * (bias == 0)[:, None]
    head = Head(weight=weight, bias=bias)
    config = EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS)
    return Compact(load_encoder(variables(), config), head).eval()


@pytest.fixture(scope="module")
def session(network: Compact, tmp_path_factory: pytest.TempPathFactory) -> ort.InferenceSession:
    path = Path(tmp_path_factory.mktemp("graph")) / "small.onnx"
    write_graph(network, path)
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("samples", [16_000, 24_000, 32_000, 48_000])
def test_the_graph_answers_as_the_network(
    network: Compact, session: ort.InferenceSession, samples: int
) -> None:
    wave = voice(1, 0, seconds=samples / 16_000)[None]
    logits, features = session.run(["logits", "features"], {"wave": wave})
    with torch.inference_mode():
        wanted, under = (part.numpy() for part in network(torch.from_numpy(wave)))
    assert logits.shape == (1, samples // 320, len(LABELS))
    assert logits == pytest.approx(wanted, abs=1e-2)
    assert features == pytest.approx(under, abs=1e-2)


def test_rows_of_a_batch_do_not_depend_on_each_other(session: ort.InferenceSession) -> None:
    waves = np.stack([voice(i, i) * 10.0**-i for i in range(3)]).astype(np.float32)
    (together,) = session.run(["logits"], {"wave": waves})
    alone = [session.run(["logits"], {"wave": wave[None]})[0][0] for wave in waves]
    assert together == pytest.approx(np.stack(alone), abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 1e-30, 1 / 32768, 1.0])
def test_any_finite_sound_gives_finite_logits(session: ort.InferenceSession, level: float) -> None:
    wave = np.full((1, 16_000), level, np.float32)
    wave[0, ::2] *= -1
    (logits,) = session.run(["logits"], {"wave": wave})
    assert np.isfinite(logits).all()


def test_small_weights_are_near_their_values() -> None:
    values = np.random.default_rng(0).standard_normal((8, 5)).astype(np.float32)
    values[:, 2] = 0
    steps, scale = quantised(values, 1)
    assert steps.dtype == np.int8
    assert (np.abs(steps * scale - values) <= scale / 2 + 1e-7).all()
