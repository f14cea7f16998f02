from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch

from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.head import Head
from tonewatch.models.training.streaming import StreamingConfig, first_state, from_encoder, names_of
from tonewatch.models.training.streaming_graph import StreamingCompact, write_streaming_graph

from .small import HEADS, LAYERS, WIDTH, variables, voice

pytestmark = pytest.mark.torch
CONFIG = StreamingConfig(width=WIDTH, heads=HEADS)
NAMES = names_of(CONFIG)


@pytest.fixture(scope="module")
def network() -> StreamingCompact:
    weight = np.random.default_rng(0).standard_normal((9, WIDTH)).astype(np.float32)
    windowed = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    head = Head(weight=weight, bias=np.zeros(9, np.float32))
    return StreamingCompact(from_encoder(windowed, CONFIG), head).eval()


@pytest.fixture(scope="module")
def session(
    network: StreamingCompact, tmp_path_factory: pytest.TempPathFactory
) -> ort.InferenceSession:
    path = Path(tmp_path_factory.mktemp("graph")) / "small.onnx"
    write_streaming_graph(network, path)
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def served(session: ort.InferenceSession, waves: Any, hop: int) -> Any:
    """Logits of waves [B, S] read `hop` frames at a time."""
    state: Any = first_state(CONFIG, len(waves))
    parts = []
    for start in range(0, waves.shape[1], 320 * hop):
        inputs = {"wave": waves[:, start : start + 320 * hop]}
        logits, _, *state = session.run(None, inputs | dict(zip(NAMES, state, strict=True)))
        parts.append(logits)
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("hop", [1, 12, 24, 120])
def test_the_graph_hop_by_hop_answers_as_the_network_on_the_whole(
    network: StreamingCompact, session: ort.InferenceSession, hop: int
) -> None:
    wave = voice(1, 0, seconds=2.4)[None]
    with torch.inference_mode():
        wanted = network(torch.from_numpy(wave), *network.encoder.begin())[0].numpy()
    assert served(session, wave, hop) == pytest.approx(wanted, abs=2e-2)


def test_rows_of_a_batch_do_not_depend_on_each_other(session: ort.InferenceSession) -> None:
    waves = np.stack([voice(i, i, seconds=1.2) * 10.0**-i for i in range(3)]).astype(np.float32)
    alone = np.concatenate([served(session, wave[None], 12) for wave in waves])
    assert served(session, waves, 12) == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 1e-30, 1 / 32768, 1.0])
def test_any_finite_sound_gives_finite_logits(session: ort.InferenceSession, level: float) -> None:
    wave = np.full((1, 19_200), level, np.float32)
    wave[0, ::2] *= -1
    assert np.isfinite(served(session, wave, 12)).all()
