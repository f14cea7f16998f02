"""The trained streaming encoder and its head to the served graph (docs/model-folder.md)."""

import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .graph import OPSET, shrink_weights
from .head import Head
from .streaming import FRAME, StreamingEncoder, names_of


class StreamingCompact(nn.Module):
    """Waves [B, 320 n] and a state to logits [B, n, 9], features [B, n, D] and the new state."""

    def __init__(self, encoder: StreamingEncoder, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        labels, width = head.weight.shape
        self.head = nn.Linear(width, labels)
        self.head.load_state_dict(
            {"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)}
        )

    def forward(self, wave: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Frame logits, the features under the head, the state."""
        features, *after = self.encoder(wave, *state)
        return (self.head(features), features, *after)


def write_streaming_graph(network: StreamingCompact, path: Path, *, small: bool = True) -> None:
    """Export with free batch and samples; large weights are stored small unless told otherwise."""
    config = network.encoder.config
    names = names_of(config)
    axes = {"wave": {0: "batch", 1: "samples"}}
    axes |= {name: {0: "batch", 1: "frames"} for name in ("logits", "features")}
    for name in names:
        axes |= {name: {0: "batch"}, f"next_{name}": {0: "batch"}}
    with warnings.catch_warnings():
        # The exporter warns of shapes that are read as numbers; they are frames, and stay free.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 12 * FRAME), *network.encoder.begin(2)),
            str(path),
            input_names=["wave", *names],
            output_names=["logits", "features", *(f"next_{name}" for name in names)],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    if small:
        model = onnx.load(str(path))
        shrink_weights(model, (config.width,))
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
