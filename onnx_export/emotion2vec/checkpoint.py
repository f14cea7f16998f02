"""FunASR's folder format: four files, checked before anything is built from them.

Loading never executes code from a checkpoint (weights only) and never goes through FunASR, which
fills missing tensors with random numbers without a word.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from ...models.engine import EngineError
from ...models.funasr_folder import FILES, missing_files, read_tokens
from ...models.labels import LABELS, Label
from ..errors import ExportError
from .config import NetworkConfig, load_config
from .network import Emotion2vecNetwork
from .pins import BYTES, PINS

_AUDIO: Final = "d2v_model.modality_encoders.AUDIO."
_IGNORED: Final = ".decoder."
"""The training decoder, the only tensors that may be missing or superfluous."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A verified model folder."""

    folder: Path
    name: str
    config: NetworkConfig
    tokens: tuple[Label | None, ...]
    """Label of each row of the head; None for one that is masked (`unuse*`)."""
    state: Mapping[str, Tensor]
    pinned: bool
    """Whether every file has the published SHA-256."""

    @property
    def known(self) -> tuple[Label, ...]:
        """Labels that the head has, in the product's order."""
        return tuple(label for label in LABELS if label in self.tokens)


def load_checkpoint(folder: Path, name: str | None = None) -> Checkpoint:
    """Verify a folder and read its tensors. Raises ExportError with one clear line.

    Without `name` it is that of the published weights, else the folder's.
    """
    missing = missing_files(folder)
    if missing:
        raise ExportError(
            f"{folder}: {', '.join(missing)} missing; a model folder holds {', '.join(FILES)}"
        )
    name = name or _published_as(folder) or folder.resolve().name
    pinned = _verify_pins(folder, name)
    try:
        tokens = read_tokens(folder / "tokens.txt", name)
    except EngineError as error:
        raise ExportError(str(error)) from error
    state = _read_state(folder / "model.pt")
    return Checkpoint(
        folder=folder,
        name=name,
        config=load_config(folder / "config.yaml"),
        tokens=tokens,
        state=state,
        pinned=pinned,
    )


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differing(folder: Path, name: str) -> list[str]:
    """Files of the folder whose SHA-256 is not the one published for the model `name`."""
    return [
        file
        for file, pin in PINS.get(name, {}).items()
        if (folder / file).is_file() and sha256(folder / file) != pin
    ]


def _published_as(folder: Path) -> str | None:
    """The published name of the weights: a hub's cache calls their folder by a revision."""
    weights = folder / "model.pt"
    for name, pins in PINS.items():
        if weights.stat().st_size == BYTES[name] and sha256(weights) == pins["model.pt"]:
            return name
    return None


def _verify_pins(folder: Path, name: str) -> bool:
    broken = differing(folder, name)
    if broken:
        raise ExportError(
            f"{folder / broken[0]}: SHA-256 differs from the published {name}: it is truncated "
            "or changed; delete it and export again (or rename the folder if it is your own)"
        )
    return name in PINS


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many unrelated types for a broken file
        raise ExportError(
            f"{path}: cannot be loaded as plain weights ({type(error).__name__}); the file is "
            "truncated, or holds more than tensors, which is never executed here"
        ) from error
    state = content.get("model") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ExportError(f"{path}: expected a dictionary of tensors under the key 'model'")
    return {key: value for key, value in state.items() if _IGNORED not in key}


def build(checkpoint: Checkpoint) -> Emotion2vecNetwork:
    """The network with every tensor of the checkpoint in its place, strictly by name and shape."""
    network = Emotion2vecNetwork(checkpoint.config, len(checkpoint.tokens)).eval()
    wanted, used = network.state_dict(), set()
    for target, source in tensor_names(checkpoint.config).items():
        if source not in checkpoint.state:
            raise ExportError(f"{checkpoint.folder / 'model.pt'}: tensor {source} is missing")
        tensor = checkpoint.state[source].float()
        if target.startswith("front.") and target.endswith("product.weight"):
            # [out, in, kernel] to the order of joined taps [out, kernel * in]
            tensor = tensor.permute(0, 2, 1).reshape(tensor.shape[0], -1)
        if target == "alibi_scale":
            tensor = tensor.squeeze(0)
        if tensor.shape != wanted[target].shape:
            raise ExportError(
                f"{checkpoint.folder / 'model.pt'}: {source}: expected shape "
                f"{tuple(wanted[target].shape)}, found {tuple(tensor.shape)}"
            )
        wanted[target] = tensor
        used.add(source)
    extra = set(checkpoint.state) - used
    if extra:
        raise ExportError(
            f"{checkpoint.folder / 'model.pt'}: unexpected tensor {min(extra)}: "
            "the file and config.yaml do not belong together"
        )
    network.load_state_dict(wanted)
    return network


def tensor_names(config: NetworkConfig) -> dict[str, str]:
    """Our tensor names to the checkpoint's."""
    names = {
        "extra_tokens": f"{_AUDIO}extra_tokens",
        "alibi_scale": f"{_AUDIO}alibi_scale",
        **_pair("project_norm", f"{_AUDIO}project_features.1"),
        **_pair("project", f"{_AUDIO}project_features.2"),
        **_pair("context_norm", f"{_AUDIO}context_encoder.norm"),
        **_pair("head", "proj"),
    }
    for i in range(len(config.conv_layers)):
        layer = f"{_AUDIO}local_encoder.conv_layers.{i}"
        names[f"front.{i}.product.weight"] = f"{layer}.0.weight"
        names |= _pair(f"front.{i}.norm", f"{layer}.2.1")
    for i in range(config.position_depth):
        source = f"{_AUDIO}relative_positional_encoder.{i + 1}.0"
        names |= _pair(f"positions.{i}.conv", source)
    sources = [f"{_AUDIO}context_encoder.blocks.{i}" for i in range(config.prenet_depth)]
    sources += [f"d2v_model.blocks.{i}" for i in range(config.depth)]
    parts = {"qkv": "attn.qkv", "proj": "attn.proj", "fc1": "mlp.fc1", "fc2": "mlp.fc2"}
    for i, source in enumerate(sources):
        for ours, theirs in (parts | {"norm1": "norm1", "norm2": "norm2"}).items():
            names |= _pair(f"blocks.{i}.{ours}", f"{source}.{theirs}")
    return names


def _pair(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{part}" for part in ("weight", "bias")}
