"""OpenVINO behind the few calls that engines make of an ONNX Runtime session.

OpenVINO itself, not ONNX Runtime's provider of that name: that one refuses bf16 and goes on without
it. Needs the extra `openvino`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .engine import EngineError, ProviderError


@dataclass(frozen=True, slots=True)
class Node:
    """An input or output; only its name is asked for."""

    name: str


class OpenVinoSession:
    """One compiled graph, one request: used by one thread at a time."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._request = compiled.create_infer_request()

    def get_inputs(self) -> list[Node]:
        """The graph's inputs, in order."""
        return [Node(port.any_name) for port in self._compiled.inputs]

    def get_outputs(self) -> list[Node]:
        """The graph's outputs, in order."""
        return [Node(port.any_name) for port in self._compiled.outputs]

    def run(
        self, names: Sequence[str], feed: Mapping[str, npt.NDArray[Any]]
    ) -> list[npt.NDArray[Any]]:
        """Outputs by name, in arrays of their own."""
        answer = self._request.infer(dict(feed))
        return [np.array(answer[self._compiled.output(name)]) for name in names]


def has_bf16() -> bool:
    """Whether OpenVINO is installed and this processor has bf16 instructions."""
    try:
        import openvino
    except ImportError:
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_openvino(
    graph: Path, *, threads: int, bf16: bool = False, cache: Path | None = None
) -> OpenVinoSession:
    """Compile a graph for the CPU; with `cache` a later load of the same graph is quicker.

    Raises ProviderError where OpenVINO is not installed or the processor has no bf16 instructions,
    EngineError for a graph that it cannot read.
    """
    try:
        import openvino
    except ImportError as error:
        raise ProviderError(
            f"OpenVINO is not installed ({error}): pip install 'tonewatch[openvino]'"
        ) from error
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    if cache is not None:
        options["CACHE_DIR"] = str(cache)
    core = openvino.Core()
    if bf16 and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise ProviderError(
            "this processor has no bf16 instructions: export the model in fp32 or int8"
        )
    try:
        return OpenVinoSession(core.compile_model(str(graph), "CPU", options))
    except Exception as error:  # openvino raises many unrelated types for a bad graph
        reason = str(error).strip().splitlines()[-1][:200]
        raise EngineError(f"{graph}: not a graph that OpenVINO can load: {reason}") from error
