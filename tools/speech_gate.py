"""The speech gate's graph out of the published Silero VAD: the same weights, many blocks in a call.

python -m tools.speech_gate silero_vad.onnx stream/listener/speech_gate.onnx

The published graph reads one block of each leg in a call. Here everything but the memory is a
product over the blocks of all legs, and the memory goes through each leg's blocks in one call. Only
the branch for 16 kHz is kept. Needs onnx.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.generic]
Weights = Mapping[str, Array]
"""By their names in the published network."""

CONTEXT, BLOCK, STEP, SPECTRUM, STATE = 64, 512, 128, 256, 128
"""Samples before a block, of it, between spectra and in one; numbers remembered."""
BINS = SPECTRUM // 2 + 1


def weights_of(published: onnx.ModelProto) -> Weights:
    """The weights of the branch for 16 kHz. Raises ValueError where the graph has none."""
    branches = [
        attribute.g
        for node in published.graph.node
        if node.op_type == "If"
        for attribute in node.attribute
        if attribute.name == "then_branch"
    ]
    if len(branches) != 1:
        raise ValueError(f"expected one choice between two rates, found {len(branches)}")
    constants = (node for node in branches[0].node if node.op_type == "Constant")
    # Names begin with the place in the graph: If_0_then_branch__Inline_0__encoder.0...
    return {
        node.output[0].split("__")[-1]: numpy_helper.to_array(node.attribute[0].t)
        for node in constants
    }


class _Graph:
    """Nodes and constants, named by what they give."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], *outputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def numbers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def rows(self, source: str, first: int, stop: int, axis: int, name: str) -> str:
        bounds = (("first", first), ("stop", stop), ("axis", axis))
        return self.add(
            "Slice", [source, *(self.numbers(f"{name}.{key}", at) for key, at in bounds)], name
        )

    def pad(self, source: str, pads: Sequence[int], name: str, mode: str = "constant") -> str:
        return self.add("Pad", [source, self.numbers(f"{name}.by", *pads)], name, mode=mode)

    def reshape(self, source: str, shape: Sequence[int], name: str) -> str:
        return self.add("Reshape", [source, self.numbers(f"{name}.to", *shape)], name)

    def dense(self, source: str, weight: Array, bias: Array, name: str) -> str:
        product = self.add("MatMul", [source, self.constant(f"{name}.weight", weight)], f"{name}.x")
        total = self.add("Add", [product, self.constant(f"{name}.bias", bias)], f"{name}.sum")
        return self.add("Relu", [total], name)


def speech_gate(weights: Weights) -> onnx.ModelProto:
    """The graph: `blocks` [R, 576] of all legs, `places` [T, B] of each leg's blocks among them,
    `lengths` [B] of the legs, `state` [2, B, 128]; out come `probabilities` [T, B] and `after`.
    """
    graph = _Graph()
    features = _encoder(graph, weights)
    steps = graph.add("Gather", [features, "places"], "steps", axis=0)
    before = [graph.rows("state", at, at + 1, 0, name) for at, name in enumerate(("h", "c"))]
    memory = [
        graph.constant("memory.w", _gates(weights["decoder.rnn.weight_ih"])[None]),
        graph.constant("memory.r", _gates(weights["decoder.rnn.weight_hh"])[None]),
        graph.constant(
            "memory.b",
            np.concatenate([_gates(weights[f"decoder.rnn.bias_{one}"]) for one in ("ih", "hh")])[
                None
            ],
        ),
    ]
    graph.add("LSTM", [steps, *memory, "lengths", *before], "told", "h2", "c2", hidden_size=STATE)
    graph.add("Concat", ["h2", "c2"], "after", axis=0)
    heard = graph.add("Relu", ["told"], "heard")
    weight = graph.constant("answer.weight", weights["decoder.decoder.2.weight"][0])
    bias = graph.constant("answer.bias", weights["decoder.decoder.2.bias"])
    answer = graph.add("Add", [graph.add("MatMul", [heard, weight], "answer"), bias], "logit")
    sure = graph.add("Sigmoid", [answer], "sure")
    graph.add("Squeeze", [sure, graph.numbers("single", 1, 3)], "probabilities")
    return _model(graph)


def _encoder(graph: _Graph, weights: Weights) -> str:
    """Blocks [R, 576] to features [R, 128]: four spectra, then four convolutions over them, written
    as products, for at their short lengths those are several times as fast."""
    kernels = [weights[f"encoder.{at}.reparam_conv.weight"].transpose(2, 1, 0) for at in range(4)]
    biases = [weights[f"encoder.{at}.reparam_conv.bias"] for at in range(4)]
    sound = graph.pad("blocks", (0, 0, 0, SPECTRUM - STEP - CONTEXT), "whole", "reflect")
    hops = graph.reshape(sound, (-1, (CONTEXT + BLOCK) // STEP + 1, STEP), "hops")
    pairs = [graph.rows(hops, at, at + 4, 1, f"hops.{at}") for at in range(2)]
    basis = graph.constant("basis", weights["stft.forward_basis_buffer"][:, 0].T)
    spectra = graph.add("MatMul", [graph.add("Concat", pairs, "frames", axis=2), basis], "spectra")
    squares = graph.add("Mul", [spectra, spectra], "squares")
    parts = [graph.rows(squares, at * BINS, (at + 1) * BINS, 2, f"squares.{at}") for at in range(2)]
    size = graph.add("Sqrt", [graph.add("Add", parts, "power")], "magnitude")
    around = graph.pad(size, (0, 1, 0, 0, 1, 0), "around")
    threes = [graph.rows(around, at, at + 4, 1, f"around.{at}") for at in range(3)]
    width = len(biases[0])
    first = graph.dense(
        graph.add("Concat", threes, "threes", axis=2),
        kernels[0].reshape(-1, width),
        biases[0],
        "first",
    )
    behind = graph.pad(first, (0, 1, 0, 0, 0, 0), "behind")
    steps = [
        graph.reshape(
            graph.rows(behind, at, at + 3, 1, f"behind.{at}"), (-1, 1, 3 * width), f"step.{at}"
        )
        for at in (0, 2)
    ]
    halved = graph.add("Concat", steps, "halved", axis=1)
    second = graph.dense(halved, kernels[1].reshape(3 * width, -1), biases[1], "second")
    flat = graph.reshape(second, (-1, 2 * len(biases[1])), "flat")
    # One place is left: the taps that would lie beside the sound meet zeros alone.
    taps = kernels[2][1:].reshape(2 * len(biases[1]), -1)
    return graph.dense(
        graph.dense(flat, taps, biases[2], "third"), kernels[3][1], biases[3], "features"
    )


def _gates(weight: Array) -> Array:
    """The order of torch (in, forget, cell, out) as that of ONNX (in, out, forget, cell)."""
    enter, forget, cell, out = np.split(weight, 4)
    return np.concatenate([enter, out, forget, cell])


def _model(graph: _Graph) -> onnx.ModelProto:
    def value(name: str, kind: int, shape: Sequence[str | int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    made = helper.make_graph(
        graph.nodes,
        "speech_gate",
        [
            value("blocks", TensorProto.FLOAT, ["R", CONTEXT + BLOCK]),
            value("places", TensorProto.INT64, ["T", "B"]),
            value("lengths", TensorProto.INT32, ["B"]),
            value("state", TensorProto.FLOAT, [2, "B", STATE]),
        ],
        [
            value("probabilities", TensorProto.FLOAT, ["T", "B"]),
            value("after", TensorProto.FLOAT, [2, "B", STATE]),
        ],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main(arguments: Sequence[str]) -> None:
    """Read the published graph, write ours."""
    published, target = map(Path, arguments)
    onnx.save(speech_gate(weights_of(onnx.load(published))), target)


if __name__ == "__main__":
    main(sys.argv[1:])
