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


def test_halved_it_keeps_what_is_delicate_in_fp32(tmp_path: Path) -> None:
    import torch

    from tonewatch.onnx_export.emotion2vec.checkpoint import build, load_checkpoint

    from ..tiny import checkpoint

    found = load_checkpoint(checkpoint(tmp_path / "tiny"))
    whole, half = build(found), build(found).halve()
    assert half.head.weight.dtype == half.slopes.dtype == half.alibi_scale.dtype == torch.float32
    assert half.blocks[0].qkv.weight.dtype == half.front[0].product.weight.dtype == torch.float16
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 16000)) * 0.1).float()
    with torch.inference_mode():
        (logits, features), (wanted, _) = half(wave), whole(wave)
    assert logits.dtype == features.dtype == torch.float32
    assert 0 < float((logits - wanted).abs().max()) < 0.1
