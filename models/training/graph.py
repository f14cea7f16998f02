"""Trained encoder and head to the served graph (docs/model-folder.md), weights stored small.

Weights are stored as int8 per output channel, or as fp16 where int8 moved the answer most, and
expanded when the graph is loaded: under half of the file, the speed and the row independence of
fp32.
"""

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .encoder import Encoder
from .head import Head
from .joined import Joined

OPSET: Final = 17
LEAST: Final = 100_000
"""Values under which an initialiser stays fp32: head, biases, positions are small and matter."""

EXACT: Final = ".mel."
"""Part of the names of the front end's constants: rounding a Fourier kernel raises its floor, which
the logarithm behind it turns into errors everywhere."""


class Compact(nn.Module):
    """Waves [B, S] to logits [B, F, 9] and features [B, F, D]."""

    def __init__(self, encoder: Encoder | Joined, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        labels, width = head.weight.shape
        self.head = nn.Linear(width, labels)
        self.head.load_state_dict(
            {"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)}
        )

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Frame logits and the features under the head."""
        features = self.encoder(wave)
        return self.head(features), features


def write_graph(network: Compact, path: Path) -> None:
    """Export, then store large weights small."""
    export_graph(network, path)
    store_small(path, widths_of(network.encoder))


def export_graph(network: nn.Module, path: Path) -> None:
    """Export any network of this interface with free batch and samples, in fp32."""
    axes = {"wave": {0: "batch", 1: "samples"}}
    axes |= {name: {0: "batch", 1: "frames"} for name in ("logits", "features")}
    with warnings.catch_warnings():
        # The exporter warns of shapes that are read as numbers; they are frames, and stay free.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 24_000),),
            str(path),
            input_names=["wave"],
            output_names=["logits", "features"],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def widths_of(encoder: Encoder | Joined) -> tuple[int, ...]:
    """The width of each encoder in it."""
    return encoder.widths if isinstance(encoder, Joined) else (encoder.width,)


def store_small(path: Path, widths: Collection[int]) -> None:
    """Large weights of Whisper encoders of those widths, in the file, as int8 or fp16."""
    model = onnx.load(str(path))
    shrink_weights(model, widths)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def shrink_weights(model: onnx.ModelProto, widths: Collection[int]) -> None:
    """Store every large float initialiser as int8 with scales, the delicate ones as fp16.

    Delicate, measured one by one on speech: attention, convolutions, and the first block's way
    down; early errors pass through everything behind them.
    """
    graph, nodes = model.graph, []
    begun: set[int] = set()
    for tensor in list(graph.initializer):
        values, name = numpy_helper.to_array(tensor), tensor.name
        if values.dtype != np.float32 or values.size < LEAST or EXACT in name:
            continue
        graph.initializer.remove(tensor)
        if _delicate(values, widths, begun):
            graph.initializer.append(
                numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
            )
            nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
            continue
        axis = _channel_axis(graph, name, values)
        steps, scale = quantised(values, axis)
        graph.initializer.append(numpy_helper.from_array(steps, f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        inputs = [f"{name}_int8", f"{name}_scale"]
        nodes.append(helper.make_node("DequantizeLinear", inputs, [name], axis=axis))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])


def _delicate(values: npt.NDArray[np.float32], widths: Collection[int], begun: set[int]) -> bool:
    """Whether int8 would move the answer too far. `begun` holds the widths whose first way down
    has been seen."""
    shape, width = values.shape, values.shape[-1]
    attention = any(shape in ((one, one), (one, 3 * one)) for one in widths)
    # The streaming form has its second convolution as a product.
    convolution = values.ndim == 3 or any(shape == (3 * one, one) for one in widths)
    first_down = width in widths and width not in begun and shape == (4 * width, width)
    if first_down:
        begun.add(width)
    return attention or convolution or first_down


def quantised(
    values: npt.NDArray[np.float32], axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Symmetric int8 along `axis`: values ~ steps * scale, |error| <= scale / 2."""
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.abs(values).max(axis=others) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    steps = np.round(values / scale.reshape(shape)).astype(np.int8)
    return steps, scale


def _channel_axis(graph: Any, name: str, values: npt.NDArray[np.float32]) -> int:
    """Output channels: the first axis of a convolution, the last of a product's right side."""
    for node in graph.node:
        if name in node.input:
            return 0 if node.op_type == "Conv" else values.ndim - 1
    return 0
