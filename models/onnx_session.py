"""ONNX Runtime sessions whose provider is chosen openly and read back after loading.

ONNX Runtime falls back to the CPU without an exception when CUDA or TensorRT cannot load; only the
loaded session knows what it really runs on.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import onnxruntime as ort

from .engine import EngineError, ProviderError

Provider = Literal["auto", "cpu", "cuda", "tensorrt", "openvino"]

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
TENSORRT: Final = "TensorrtExecutionProvider"

_CHAINS: Final[dict[str, list[str]]] = {
    "cpu": [CPU],
    "cuda": [CUDA, CPU],
    "tensorrt": [TENSORRT, CUDA, CPU],
}
_WARNING, _FATAL = 2, 4
"""Severities of ONNX Runtime's own log; the first is its default."""
_NAMES: Final = {CPU: "CPU", CUDA: "CUDA", TENSORRT: "TensorRT"}
_KEYS: Final = {"cpu": "CPU", "cuda": "CUDA", "tensorrt": "TensorRT", "openvino": "OpenVINO"}
_WAYS: Final = {
    "cuda": "pip install 'tonewatch[gpu]'",
    "tensorrt": "pip install 'tonewatch[gpu]' tensorrt, with its libraries on the loader's path",
}

log = logging.getLogger(__name__)


def default_threads() -> int:
    """Threads of one engine call: cores minus one, at least one.

    A second thread on two busy cores makes calls slower and the audio late.
    """
    return max(1, (os.cpu_count() or 1) - 1)


def _options(threads: int, *, plain: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or default_threads()
    options.inter_op_num_threads = 1
    # Spinning threads take the cores away from the sound.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if plain:
        # Else products with small weights round what they multiply too, each processor in its own
        # way, and a row's numbers depend on how many rows there are.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
    return options


def wanted(provider: Provider) -> str:
    """What to compute on: for `auto` a GPU where there is one, else the CPU."""
    if provider != "auto":
        return provider
    has_gpu = shutil.which("nvidia-smi") is not None
    return "cuda" if has_gpu and CUDA in ort.get_available_providers() else "cpu"


def load_session(
    graph: Path,
    *,
    provider: Provider = "auto",
    threads: int = 0,
    fallback: bool = False,
    options: Mapping[str, Mapping[str, str]] | None = None,
    plain: bool = False,
) -> tuple[ort.InferenceSession, str]:
    """Load a graph; return the session and the name of what it really computes on.

    `options` are those of single providers. `plain`: small weights are unpacked while the graph is
    loaded, and all is computed in fp32. Where something else loaded than was wanted, the name says
    so ("CPU instead of CUDA"). Raises EngineError for a graph that cannot be loaded,
    ProviderError when a provider was demanded by name, another one loaded and no `fallback` is
    allowed.
    """
    key = wanted(provider)
    # fp32 means fp32: TF32 would round every product to ten bits.
    settings = {CUDA: {"use_tf32": "0"}} | dict(options or {})
    chain = [
        (name, dict(settings.get(name, {})))
        for name in _CHAINS[key]
        if name in ort.get_available_providers()
    ]
    if not graph.is_file():
        raise EngineError(f"{graph}: cannot be read: no such file")
    # What ONNX Runtime would print of a missing library, in lines of its own, is said by us.
    ort.set_default_logger_severity(_FATAL)
    try:
        # By its path: from memory the file would be copied twice (large: 4.6 s instead of 1 s).
        session = ort.InferenceSession(
            str(graph), sess_options=_options(threads, plain=plain), providers=chain
        )
    except Exception as error:  # onnxruntime raises many unrelated types for a bad graph
        reason = " ".join(str(error).split())
        raise EngineError(f"{graph}: not a graph that ONNX Runtime can load: {reason}") from error
    finally:
        ort.set_default_logger_severity(_WARNING)
    loaded = _NAMES.get(session.get_providers()[0], session.get_providers()[0])
    if loaded == _KEYS[key]:
        return session, loaded
    if provider != "auto" and not fallback:
        raise ProviderError(
            f"provider {provider!r} was demanded, but {loaded} loaded: install its libraries "
            f"({_WAYS[key]}), choose --provider auto, or allow another one with "
            "--set engine.fallback=true"
        )
    return session, fallen_back(key, loaded)


def fallen_back(key: str, loaded: str) -> str:
    """The name of a provider that stands in for the one of `key`; said in the log as well."""
    log.warning("%s could not be loaded; computing on %s", _KEYS[key], loaded)
    return f"{loaded} instead of {_KEYS[key]}"
