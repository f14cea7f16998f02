"""A checkpoint of the true architecture with random weights, in FunASR's own folder format.

For tests, and for measuring speed and memory where the published weights are not at hand: both are
those of the real model, its answers mean nothing. Names and keys are those that FunASR's
implementation and the published configuration use.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from torch import Tensor

from .checkpoint import tensor_names
from .config import NetworkConfig, load_config
from .network import Emotion2vecNetwork

TOKENS: Final = "\n".join(
    (
        "生气/angry",
        "厌恶/disgusted",
        "恐惧/fearful",
        "开心/happy",
        "中立/neutral",
        "其他/other",
        "难过/sad",
        "吃惊/surprised",
        "<unk>",
    )
)
"""tokens.txt as published: no newline at its end."""

_FILE_MAP: Final = {
    "file_path_metas": {
        "init_param": "model.pt",
        "tokenizer_conf": {"token_list": "tokens.txt"},
        "config": "config.yaml",
    },
    "model": {"type": "funasr"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What tells one emotion2vec+ network from another."""

    width: int
    heads: int
    depth: int = 8
    prenet: int = 4
    channels: int = 512
    position_groups: int = 16


SIZES: Final = {
    "tiny": Sizes(width=64, heads=4, depth=2, prenet=1, channels=32, position_groups=4),
    "base": Sizes(width=768, heads=12),
    "large": Sizes(width=1024, heads=16),
}
"""`base` also stands for seed, whose network is the same."""


def write_checkpoint(folder: Path, sizes: Sizes, *, tokens: str = TOKENS, seed: int = 0) -> Path:
    """Write model.pt, config.yaml, configuration.json and tokens.txt; return the folder.

    Every tensor differs from its neutral value (ALiBi scales from 1, extra tokens from 0), so that
    a comparison sees a part that is missing or in the wrong place. The head's weights are wide, so
    that scores differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(configuration(sizes)), encoding="utf-8")
    (folder / "configuration.json").write_text(json.dumps(_FILE_MAP), encoding="utf-8")
    (folder / "tokens.txt").write_text(tokens, encoding="utf-8")
    facts = load_config(config)
    network = Emotion2vecNetwork(facts, len(tokens.removesuffix("\n").split("\n")))
    random = torch.Generator().manual_seed(seed)
    state = {name: _draw(name, value, random) for name, value in network.state_dict().items()}
    torch.save({"model": _as_saved(state, facts)}, folder / "model.pt")
    return folder


def _draw(name: str, like: Tensor, random: torch.Generator) -> Tensor:
    """Random numbers in the scale that keeps a signal's level through the layers."""
    noise = torch.randn(like.shape, generator=random)
    if name == "extra_tokens":
        return noise
    if name == "alibi_scale":
        return torch.rand(like.shape, generator=random) + 0.5
    if "norm" in name:
        return noise * 0.1 + (1.0 if name.endswith("weight") else 0.0)
    if name.endswith("bias"):
        return noise * 0.1
    gain = 2.0 if name == "head.weight" else 1.0
    return noise * (gain / (like[0].numel() ** 0.5))


def _as_saved(state: dict[str, Tensor], config: NetworkConfig) -> dict[str, Tensor]:
    """Our tensors under the checkpoint's names and in its shapes."""
    saved = {}
    for ours, theirs in tensor_names(config).items():
        value = state[ours]
        if ours.startswith("front.") and ours.endswith("product.weight"):
            kernel = config.conv_layers[int(ours.split(".")[1])][1]
            value = value.reshape(value.shape[0], kernel, -1).permute(0, 2, 1).contiguous()
        saved[theirs] = value.unsqueeze(0) if ours == "alibi_scale" else value
    return saved


def configuration(sizes: Sizes) -> dict[str, Any]:
    """config.yaml with the keys that FunASR's implementation reads."""
    n = sizes.channels
    audio = {
        "type": "AUDIO",
        "prenet_depth": sizes.prenet,
        "prenet_layerdrop": 0.0,
        "prenet_dropout": 0.0,
        "start_drop_path_rate": 0.0,
        "end_drop_path_rate": 0.0,
        "num_extra_tokens": 10,
        "init_extra_token_zero": True,
        "mask_noise_std": 0.01,
        "mask_prob_min": None,
        "mask_prob": 0.55,
        "inverse_mask": False,
        "mask_prob_adjust": 0.1,
        "keep_masked_pct": 0.0,
        "mask_length": 5,
        "add_masks": False,
        "remove_masks": False,
        "mask_dropout": 0.0,
        "encoder_zero_mask": True,
        "mask_channel_prob": 0.0,
        "mask_channel_length": 64,
        "ema_local_encoder": False,
        "local_grad_mult": 1.0,
        "use_alibi_encoder": True,
        "alibi_scale": 1.0,
        "learned_alibi": False,
        "alibi_max_pos": None,
        "learned_alibi_scale": True,
        "learned_alibi_scale_per_head": True,
        "learned_alibi_scale_per_layer": False,
        "num_alibi_heads": sizes.heads,
        "model_depth": sizes.depth,
        "decoder": {
            "decoder_dim": 32,
            "decoder_groups": 16,
            "decoder_kernel": 7,
            "decoder_layers": 4,
            "input_dropout": 0.1,
            "add_positions_masked": False,
            "add_positions_all": False,
            "decoder_residual": True,
            "projection_layers": 1,
            "projection_ratio": 2.0,
        },
        "extractor_mode": "layer_norm",
        "feature_encoder_spec": f"[({n}, 10, 5)] + [({n}, 3, 2)] * 4 + [({n},2,2)] + [({n},2,2)]",
        "conv_pos_width": 95,
        "conv_pos_groups": sizes.position_groups,
        "conv_pos_depth": 5,
        "conv_pos_pre_ln": False,
    }
    model = {
        "depth": sizes.depth,
        "start_drop_path_rate": 0.0,
        "end_drop_path_rate": 0.0,
        "num_heads": sizes.heads,
        "norm_eps": 1e-05,
        "norm_affine": True,
        "encoder_dropout": 0.1,
        "post_mlp_drop": 0.1,
        "attention_dropout": 0.1,
        "activation_dropout": 0.0,
        "dropout_input": 0.0,
        "layerdrop": 0.0,
        "embed_dim": sizes.width,
        "mlp_ratio": 4.0,
        "layer_norm_first": False,
        "normalize": True,
        "average_top_k_layers": sizes.depth,
        "end_of_block_targets": False,
        "clone_batch": 12,
        "layer_norm_target_layer": False,
        "batch_norm_target_layer": False,
        "instance_norm_target_layer": True,
        "instance_norm_targets": False,
        "layer_norm_targets": False,
        "ema_decay": 0.9997,
        "ema_same_dtype": True,
        "ema_encoder_only": False,
        "skip_ema": False,
        "loss_beta": 0.0,
        "loss_scale": None,
        "recon_loss": 0.0,
        "d2v_loss": 1.0,
        "decoder_group": False,
        "shared_decoder": None,
        "mae_init": False,
        "seed": 1,
        "cls_loss": 1.0,
        "supported_modality": "AUDIO",
        "modalities": {"audio": audio},
    }
    return {
        "model": "Emotion2vec",
        "model_conf": model,
        "tokenizer": "CharTokenizer",
        "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
        "scope_map": ["d2v_model.", "none"],
    }
