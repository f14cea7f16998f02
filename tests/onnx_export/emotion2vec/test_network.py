import contextlib
import io
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch


def test_slopes_also_fit_heads_that_are_no_power_of_two() -> None:
    from tonewatch.onnx_export.emotion2vec.network import alibi_slopes

    assert alibi_slopes(16)[0] == pytest.approx(2**-0.5)
    assert alibi_slopes(16)[-1] == pytest.approx(2**-8)
    eight, sixteen = alibi_slopes(8), alibi_slopes(16)
    assert alibi_slopes(12) == pytest.approx(eight + sixteen[0::2][:4])


@pytest.mark.parametrize(("width", "heads"), [(64, 4), (96, 12)])
def test_the_network_gives_funasrs_numbers(tmp_path: Path, width: int, heads: int) -> None:
    import torch

    from tonewatch.onnx_export.emotion2vec.checkpoint import build, load_checkpoint

    from ..tiny import checkpoint

    folder = checkpoint(tmp_path / "tiny", width=width, heads=heads)
    with contextlib.redirect_stdout(io.StringIO()):
        from funasr import AutoModel

        model = AutoModel(
            model=str(folder), disable_update=True, device="cpu", ncpu=1, disable_pbar=True
        )
    network = build(load_checkpoint(folder))
    for samples in (16000, 24000, 48000):
        noise = np.random.default_rng(samples).standard_normal(samples) * 0.1
        wave = noise.astype(np.float32)
        with contextlib.redirect_stdout(io.StringIO()):
            (wanted,) = model.generate(wave, granularity="frame", extract_embedding=True)
        with torch.inference_mode():
            logits, features = network(torch.from_numpy(wave)[None])
        np.testing.assert_allclose(features[0].numpy(), wanted["feats"], atol=2e-4)
        scores = logits.mean(dim=1).softmax(-1)[0].numpy()
        np.testing.assert_allclose(scores, wanted["scores"], atol=1e-5)
