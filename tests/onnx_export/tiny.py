"""A checkpoint of the true architecture with small sizes and random weights, in FunASR's format."""

import json
from pathlib import Path
from typing import Any

import torch
import yaml

from tonewatch.onnx_export.emotion2vec.checkpoint import _names
from tonewatch.onnx_export.emotion2vec.config import load_config
from tonewatch.onnx_export.emotion2vec.network import Emotion2vecNetwork

TOKENS = "\n".join(
    [
        "生气/angry",
        "厌恶/disgusted",
        "恐惧/fearful",
        "开心/happy",
        "中立/neutral",
        "其他/other",
        "难过/sad",
        "吃惊/surprised",
        "<unk>",
    ]
)
FILES = {
    "file_path_metas": {
        "init_param": "model.pt",
        "tokenizer_conf": {"token_list": "tokens.txt"},
        "config": "config.yaml",
    },
    "model": {"type": "funasr"},
}


def config(*, width: int = 64, heads: int = 4, depth: int = 2, prenet: int = 1) -> dict[str, Any]:
    """config.yaml with the keys that FunASR's implementation reads."""
    audio = {
        "type": "AUDIO",
        "prenet_depth": prenet,
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
        "num_alibi_heads": heads,
        "model_depth": depth,
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
        "feature_encoder_spec": "[(32, 10, 5)] + [(32, 3, 2)] * 4 + [(32,2,2)] + [(32,2,2)]",
        "conv_pos_width": 95,
        "conv_pos_groups": 4,
        "conv_pos_depth": 5,
        "conv_pos_pre_ln": False,
    }
    model = {
        "depth": depth,
        "start_drop_path_rate": 0.0,
        "end_drop_path_rate": 0.0,
        "num_heads": heads,
        "norm_eps": 1e-05,
        "norm_affine": True,
        "encoder_dropout": 0.1,
        "post_mlp_drop": 0.1,
        "attention_dropout": 0.1,
        "activation_dropout": 0.0,
        "dropout_input": 0.0,
        "layerdrop": 0.0,
        "embed_dim": width,
        "mlp_ratio": 4.0,
        "layer_norm_first": False,
        "normalize": True,
        "average_top_k_layers": depth,
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


def checkpoint(folder: Path, *, tokens: str = TOKENS, **sizes: int) -> Path:
    """Write the four files; scales and extra tokens are not at their neutral values."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config(**sizes)))
    (folder / "configuration.json").write_text(json.dumps(FILES))
    (folder / "tokens.txt").write_text(tokens, encoding="utf-8")
    torch.manual_seed(0)
    facts = load_config(folder / "config.yaml")
    network = Emotion2vecNetwork(facts, len(tokens.removesuffix("\n").split("\n")))
    state = {name: torch.randn_like(value) * 0.1 for name, value in network.state_dict().items()}
    for name, value in state.items():
        if "norm" in name and name.endswith("weight"):
            value += 1.0
    state["extra_tokens"] = torch.randn_like(state["extra_tokens"])
    state["alibi_scale"] = torch.rand_like(state["alibi_scale"]) + 0.5
    state["head.weight"] = torch.randn_like(state["head.weight"])
    torch.save({"model": _as_saved(state, facts)}, folder / "model.pt")
    return folder


def _as_saved(state: dict[str, Any], facts: Any) -> dict[str, Any]:
    saved = {}
    for ours, theirs in _names(facts).items():
        value = state[ours]
        if ours.startswith("front.") and ours.endswith("product.weight"):
            index = int(ours.split(".")[1])
            kernel = facts.conv_layers[index][1]
            value = value.reshape(value.shape[0], kernel, -1).permute(0, 2, 1).contiguous()
        saved[theirs] = value.unsqueeze(0) if ours == "alibi_scale" else value
    return saved
