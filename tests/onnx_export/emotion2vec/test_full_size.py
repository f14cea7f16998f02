"""The true sizes with random weights: what holds whatever the weights are. Minutes, gigabytes."""

import gc
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.manifest import Manifest
from tonewatch.models.window import Window

pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.mark.parametrize(("size", "width"), [("base", 768), ("large", 1024)])
def test_the_true_network_is_exported_checked_and_served(
    tmp_path: Path, size: str, width: int
) -> None:
    from tonewatch.models.onnx_engine import OnnxEngine
    from tonewatch.onnx_export.emotion2vec.export import Export, export
    from tonewatch.onnx_export.emotion2vec.random_weights import SIZES, write_checkpoint

    source = write_checkpoint(tmp_path / "source" / size, SIZES[size])
    job = Export(source=source, target=tmp_path / "models", precisions=("fp32", "int8"))
    full, small = export(job, lambda line: None)
    (source / "model.pt").unlink()
    gc.collect()
    noise = np.random.default_rng(0).standard_normal(48000).astype(np.float32) * 0.1
    window = Window(leg="a", start_frame=0, samples=noise, speech=1.0, captured_at=0.0)
    for folder in (full, small):
        engine = OnnxEngine(folder, provider="cpu", threads=2, force=True)
        (frames,) = engine.infer([window])
        assert frames.features.shape == (149, width)
        del engine
        gc.collect()
    checks = Manifest.load(full).checks
    assert len(checks) == 6
    assert all(check.passed for check in checks)
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in (full, small)]
    assert sizes[1] < 0.35 * sizes[0]


def test_the_published_configuration_is_what_random_weights_imitate(tmp_path: Path) -> None:
    """Numbers of the hub's config.yaml of large, as published."""
    import yaml

    from tonewatch.onnx_export.emotion2vec.config import load_config
    from tonewatch.onnx_export.emotion2vec.random_weights import SIZES, configuration

    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(SIZES["large"])))
    facts = load_config(path)
    assert (facts.width, facts.heads, facts.prenet_depth, facts.depth) == (1024, 16, 4, 8)
    assert facts.conv_layers == ((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2)
    assert (facts.position_width, facts.position_groups, facts.extra_tokens) == (19, 16, 10)
