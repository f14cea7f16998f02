"""The few numbers of config.yaml that define the network, read without executing the file.

FunASR evaluates `feature_encoder_spec` as Python; here it goes through a literal parser.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import ExportError

_TERM = re.compile(r"\s*(\[[^\[\]]*\])\s*(?:\*\s*(\d+))?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Sizes of an emotion2vec+ network."""

    width: int
    heads: int
    depth: int
    """Main blocks."""
    prenet_depth: int
    """Context blocks before them."""
    mlp_ratio: float
    norm_eps: float
    extra_tokens: int
    conv_layers: tuple[tuple[int, int, int], ...]
    """(channels, kernel, stride) of each convolution."""
    position_depth: int
    position_width: int
    position_groups: int

    @property
    def receptive_field(self) -> int:
        """Samples that one frame needs: 400 for the published networks."""
        field, step = 1, 1
        for _, kernel, stride in self.conv_layers:
            field += (kernel - 1) * step
            step *= stride
        return field

    @property
    def frame_samples(self) -> int:
        """Samples between frames: 320 for the published networks."""
        step = 1
        for _, _, stride in self.conv_layers:
            step *= stride
        return step


def parse_layers(text: str) -> tuple[tuple[int, int, int], ...]:
    """`[(512, 10, 5)] + [(512, 3, 2)] * 4` to its tuples, as a literal. Raises ExportError."""
    layers: list[tuple[int, int, int]] = []
    for term in text.split("+"):
        match = _TERM.fullmatch(term)
        if match is None:
            raise ExportError(f"feature_encoder_spec: cannot read {term.strip()!r}")
        try:
            part = [tuple(map(int, layer)) for layer in ast.literal_eval(match[1])]
        except (ValueError, SyntaxError, TypeError) as error:
            raise ExportError(f"feature_encoder_spec: cannot read {term.strip()!r}") from error
        if any(len(layer) != 3 for layer in part):
            raise ExportError("feature_encoder_spec: expected (channels, kernel, stride)")
        layers += [(layer[0], layer[1], layer[2]) for layer in part] * int(match[2] or 1)
    return tuple(layers)


_EXPECTED = {
    "layer_norm_first": False,
    "normalize": True,
    "audio.extractor_mode": "layer_norm",
    "audio.conv_pos_pre_ln": False,
    "audio.use_alibi_encoder": True,
    "audio.learned_alibi": False,
    "audio.learned_alibi_scale_per_layer": False,
}
"""Choices that the network code takes for granted."""


def load_config(path: Path) -> NetworkConfig:
    """Read config.yaml. Raises ExportError naming the field that does not fit."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        model: dict[str, Any] = content["model_conf"]
        audio: dict[str, Any] = model["modalities"]["audio"]
        for name, expected in _EXPECTED.items():
            section, key = (audio, name[6:]) if name.startswith("audio.") else (model, name)
            if section[key] != expected:
                raise ExportError(f"{path}: {name}: expected {expected}, found {section[key]}")
        depth = int(audio["conv_pos_depth"])
        config = NetworkConfig(
            width=int(model["embed_dim"]),
            heads=int(model["num_heads"]),
            depth=int(model["depth"]),
            prenet_depth=int(audio["prenet_depth"]),
            mlp_ratio=float(model["mlp_ratio"]),
            norm_eps=float(model["norm_eps"]),
            extra_tokens=int(audio["num_extra_tokens"]),
            conv_layers=parse_layers(str(audio["feature_encoder_spec"])),
            position_depth=depth,
            position_width=max(3, int(audio["conv_pos_width"]) // depth),
            position_groups=int(audio["conv_pos_groups"]),
        )
    except OSError as error:
        raise ExportError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ExportError(f"{path}: not valid YAML") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{path}: not an emotion2vec configuration: {error!r}") from error
    if config.frame_samples != 320:
        raise ExportError(f"{path}: expected 320 samples a frame, found {config.frame_samples}")
    if int(audio["num_alibi_heads"]) != config.heads:
        raise ExportError(f"{path}: num_alibi_heads: expected {config.heads}")
    return config
