"""The speech gate's graph says what its convolutions, written out, say."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tools.speech_gate import Weights, main, weights_of

Float64 = npt.NDArray[np.float64]

SHAPES = {
    "stft.forward_basis_buffer": (258, 1, 256),
    "encoder.0.reparam_conv.weight": (128, 129, 3),
    "encoder.1.reparam_conv.weight": (64, 128, 3),
    "encoder.2.reparam_conv.weight": (64, 64, 3),
    "encoder.3.reparam_conv.weight": (128, 64, 3),
    "decoder.rnn.weight_ih": (512, 128),
    "decoder.rnn.weight_hh": (512, 128),
    "decoder.rnn.bias_ih": (512,),
    "decoder.rnn.bias_hh": (512,),
    "decoder.decoder.2.weight": (1, 128, 1),
    "decoder.decoder.2.bias": (1,),
    **{f"encoder.{at}.reparam_conv.bias": (size,) for at, size in enumerate((128, 64, 64, 128))},
}


def published(path: Path) -> Weights:
    """A graph with the shape of the published one and chance weights, which are returned."""
    rng = np.random.default_rng(0)
    weights = {
        name: (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        for name, shape in SHAPES.items()
    }
    constants = [
        helper.make_node("Constant", [], [f"If_0__{name}"], value=numpy_helper.from_array(value))
        for name, value in weights.items()
    ]
    answer = helper.make_tensor_value_info("If_0__decoder.decoder.2.bias", TensorProto.FLOAT, [1])
    branch = helper.make_graph(constants, "rate", [], [answer])
    choice = helper.make_node("If", ["sr"], ["out"], then_branch=branch, else_branch=branch)
    rate = helper.make_tensor_value_info("sr", TensorProto.BOOL, [])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1])
    graph = helper.make_graph([choice], "published", [rate], [out])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)]), path)
    return weights


def convolved(sound: Float64, weight: Float64, bias: Float64, stride: int) -> Float64:
    """[channels, n] to [more, n / stride], a zero on both sides, negative ones cut off."""
    padded = np.pad(sound, ((0, 0), (1, 1)))
    steps = range(0, padded.shape[1] - 2, stride)
    taken = [np.einsum("oik,ik->o", weight, padded[:, at : at + 3]) + bias for at in steps]
    return np.maximum(np.stack(taken, axis=1), 0)


def said(blocks: Float64, weights: Weights) -> list[float]:
    """Probabilities of one leg's blocks, from nothing remembered."""
    exact = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    h, c, found = np.zeros(128), np.zeros(128), []
    for block in blocks:
        sound = np.pad(block, (0, 64), mode="reflect")
        frames = np.stack([sound[at : at + 256] for at in range(0, 385, 128)], axis=1)
        real, imaginary = np.split(exact["stft.forward_basis_buffer"][:, 0] @ frames, 2)
        x = np.hypot(real, imaginary)
        for at, stride in enumerate((1, 2, 2, 1)):
            name = f"encoder.{at}.reparam_conv"
            x = convolved(x, exact[f"{name}.weight"], exact[f"{name}.bias"], stride)
        rnn = {key.split(".")[-1]: value for key, value in exact.items() if "rnn" in key}
        gates = rnn["weight_ih"] @ x[:, 0] + rnn["bias_ih"] + rnn["weight_hh"] @ h + rnn["bias_hh"]
        enter, forget, cell, tell = np.split(gates, 4)
        enter, forget, tell = (1 / (1 + np.exp(-one)) for one in (enter, forget, tell))
        c = forget * c + enter * np.tanh(cell)
        h = tell * np.tanh(c)
        logit = exact["decoder.decoder.2.weight"][0, :, 0] @ np.maximum(h, 0)
        found.append(float(1 / (1 + np.exp(-logit - exact["decoder.decoder.2.bias"][0]))))
    return found


def test_the_graph_computes_the_published_network(tmp_path: Path) -> None:
    weights = published(tmp_path / "published.onnx")
    main([str(tmp_path / "published.onnx"), str(tmp_path / "ours.onnx")])
    session = ort.InferenceSession(str(tmp_path / "ours.onnx"), providers=["CPUExecutionProvider"])
    legs = [
        np.random.default_rng(leg).standard_normal((count, 576)) for leg, count in ((1, 3), (2, 5))
    ]
    probabilities, after = session.run(
        None,
        {
            "blocks": np.concatenate(legs).astype(np.float32),
            "places": np.array([[0, 3], [1, 4], [2, 5], [0, 6], [0, 7]]),
            "lengths": np.array([3, 5], np.int32),
            "state": np.zeros((2, 2, 128), np.float32),
        },
    )
    np.testing.assert_allclose(probabilities[:3, 0], said(legs[0], weights), atol=1e-5)
    np.testing.assert_allclose(probabilities[:, 1], said(legs[1], weights), atol=1e-5)
    assert after.shape == (2, 2, 128)


def test_a_graph_without_a_choice_of_rates_is_refused() -> None:
    with pytest.raises(ValueError, match="found 0"):
        weights_of(onnx.ModelProto())
