"""Network to ONNX graph: the served contract (docs/model-folder.md) and its precisions."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import onnx
import torch

from ..models.labels import LABELS, MASKED_LOGIT, Label
from ..models.window import Float32
from .errors import ExportError

OPSET: Final = 18
WEIGHTS: Final = "weights.bin"
"""The same name in every folder: the graph holds it, and a copied graph finds its own."""
_SMALL: Final = 1024
"""Bytes below which a tensor stays in the graph."""


class Served(torch.nn.Module):
    """A network with its logits put into the product's nine columns; unknown ones are masked."""

    columns: torch.Tensor
    masked: torch.Tensor

    def __init__(self, network: torch.nn.Module, tokens: tuple[Label | None, ...]) -> None:
        super().__init__()
        self.network = network
        rows = [tokens.index(label) if label in tokens else 0 for label in LABELS]
        self.register_buffer("columns", torch.tensor(rows))
        self.register_buffer("masked", torch.tensor([label not in tokens for label in LABELS]))

    def forward(self, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Waves [B, S] to logits [B, F, 9] and features [B, F, D]."""
        logits, features = self.network(wave)
        return logits[..., self.columns].masked_fill(self.masked, MASKED_LOGIT), features


def export_graph(
    network: torch.nn.Module, path: Path, *, samples: int | None = None, longest: int = 960_000
) -> None:
    """Write an fp32 graph; batch is free, samples are free unless given. Raises ExportError."""
    batch = torch.export.Dim("batch", min=1, max=256)
    shape: dict[int, Any] = {0: batch}
    if samples is None:
        shape[1] = torch.export.Dim("samples", min=400, max=longest)
    wave = torch.zeros(2, samples or 24_000)
    try:
        with _quiet():
            program = torch.onnx.export(
                network.eval(),
                (wave,),
                input_names=["wave"],
                output_names=["logits", "features"],
                opset_version=OPSET,
                dynamic_shapes=({**shape},),
                dynamo=True,
                verbose=False,
            )
            assert program is not None  # with dynamo=True a program always comes back
            for node in program.model.graph:
                node.metadata_props.clear()  # stack traces, with paths of this machine
            program.save(str(path), external_data=False)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    except Exception as error:  # the exporter raises many unrelated types
        raise ExportError(f"export to {path.name} failed: {error}") from error


def part_weights(graph: Path) -> None:
    """Move a graph's weights into WEIGHTS beside it. Raises ExportError.

    A file of weights is mapped when the graph is loaded; inside the graph they are parsed and
    copied first (large: half a second and 170 MB more).
    """
    try:
        onnx.save_model(
            onnx.load(str(graph)),
            str(graph),
            save_as_external_data=True,
            location=WEIGHTS,
            size_threshold=_SMALL,
        )
        # Made for its owner alone; whoever may read the graph needs it.
        graph.with_name(WEIGHTS).chmod(graph.stat().st_mode)
    except OSError as error:
        raise ExportError(f"{graph}: cannot be written: {error.strerror}") from error


def quantise_dynamic(source: Path, target: Path, *, keep: frozenset[tuple[int, int]]) -> None:
    """int8 matrix products with per-channel weights and dynamic activation scales.

    `keep` holds the [in, out] shapes of weights whose products stay in fp32 (the head and the
    projection: small, and they carry the answer). Activation scales are taken over a whole call, so
    such a graph must run at batch 1. Raises ExportError.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    excluded = [node.name for node in _products(source) if node.shape in keep]
    try:
        with _quiet():
            quantize_dynamic(
                str(source),
                str(target),
                per_channel=True,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul", "Gemm"],
                nodes_to_exclude=excluded,
                extra_options={"MatMulConstBOnly": True},
            )
    except OSError as error:
        raise ExportError(f"{target}: cannot be written: {error.strerror}") from error


def quantise_static(
    source: Path, target: Path, *, keep: frozenset[tuple[int, int]], speech: Sequence[Float32]
) -> None:
    """int8 matrix products whose activation scales were fixed beforehand, on windows of speech [S].

    Weights per channel; activations by the least and the largest value seen. Rows of a batch are
    independent. Written with QuantizeLinear/DequantizeLinear pairs, which ONNX Runtime and OpenVINO
    fuse into int8 products. `keep` as of `quantise_dynamic`; products of two activations stay in
    fp32. Raises ExportError.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        """Hands the windows over one by one."""

        def __init__(self) -> None:
            self._windows = iter(speech)

        def get_next(self) -> dict[str, Any] | None:
            """The next window as the graph's input."""
            window = next(self._windows, None)
            return None if window is None else {"wave": window[None]}

    excluded = [node.name for node in _products(source) if node.shape in keep or not node.shape]
    try:
        with _quiet():
            quantize_static(
                str(source),
                str(target),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul"],
                nodes_to_exclude=excluded,
            )
    except OSError as error:
        raise ExportError(f"{target}: cannot be written: {error.strerror}") from error


class _Product(NamedTuple):
    name: str
    shape: tuple[int, ...]
    """Of the constant weight; empty where both factors are computed."""


def _products(source: Path) -> list[_Product]:
    """Every matrix product of a graph."""
    graph = onnx.load(str(source), load_external_data=False).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    return [
        _Product(node.name, shapes.get(node.input[1], ()))
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm")
    ]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter and the quantiser print progress of their own; errors still raise."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
