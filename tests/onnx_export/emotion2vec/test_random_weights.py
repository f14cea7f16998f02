from pathlib import Path

import pytest

pytestmark = pytest.mark.torch


def test_large_has_the_published_tensors_and_parameters() -> None:
    import torch

    from tonewatch.onnx_export.emotion2vec.checkpoint import tensor_names
    from tonewatch.onnx_export.emotion2vec.config import NetworkConfig
    from tonewatch.onnx_export.emotion2vec.network import Emotion2vecNetwork

    config = NetworkConfig(
        width=1024,
        heads=16,
        depth=8,
        prenet_depth=4,
        mlp_ratio=4.0,
        norm_eps=1e-5,
        extra_tokens=10,
        conv_layers=((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2),
        position_depth=5,
        position_width=19,
        position_groups=16,
    )
    with torch.device("meta"):
        network = Emotion2vecNetwork(config, 9)
    assert len(tensor_names(config)) == len(network.state_dict()) == 185
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == 162_140_185


def test_no_part_is_at_its_neutral_value_and_the_seed_decides(tmp_path: Path) -> None:
    import torch

    from tonewatch.onnx_export.emotion2vec.checkpoint import load_checkpoint

    from ..tiny import checkpoint

    first, again, other = (
        load_checkpoint(checkpoint(tmp_path / name, seed=seed)).state
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for name, tensor in first.items():
        assert torch.equal(tensor, again[name])
        assert not torch.equal(tensor, other[name])
        assert tensor.float().std() > 0
