"""Network to ONNX graph: the served contract (docs/model-folder.md) and its precisions."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import onnx
import torch

from ..models.labels import LABELS, MASKED_LOGIT, Label
from .errors import ExportError

OPSET: Final = 18


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
            program.save(str(path), external_data=False)
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    except Exception as error:  # the exporter raises many unrelated types
        raise ExportError(f"export to {path.name} failed: {error}") from error


def quantise_dynamic(source: Path, target: Path, *, keep: frozenset[tuple[int, int]]) -> None:
    """int8 matrix products with per-channel weights and dynamic activation scales.

    `keep` holds the [in, out] shapes of weights whose products stay in fp32 (the head and the
    projection: small, and they carry the answer). Activation scales are taken over a whole call, so
    such a graph must run at batch 1. Raises ExportError.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(str(source)).graph
    kept = {tensor.name for tensor in graph.initializer if tuple(tensor.dims) in keep}
    excluded = [node.name for node in graph.node if kept & set(node.input)]
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
