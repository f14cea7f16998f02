"""ONNX Runtime sessions whose provider is chosen openly and read back after loading.

ONNX Runtime falls back to the CPU without an exception when CUDA or TensorRT cannot load; only the
loaded session knows what it really runs on.
"""

import logging
import os
import shutil
from pathlib import Path
from typing import Final, Literal

import onnxruntime as ort

from .engine import EngineError, ProviderError

Provider = Literal["auto", "cpu", "cuda", "tensorrt"]

_CHAINS: Final[dict[str, list[str]]] = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
}
_NAMES: Final = {
    "CPUExecutionProvider": "CPU",
    "CUDAExecutionProvider": "CUDA",
    "TensorrtExecutionProvider": "TensorRT",
}

log = logging.getLogger(__name__)


def default_threads() -> int:
    """Threads of one engine call: cores minus one, at least one.

    A second thread on two busy cores makes calls slower and the audio late.
    """
    return max(1, (os.cpu_count() or 1) - 1)


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or default_threads()
    options.inter_op_num_threads = 1
    # Spinning threads take the cores away from the sound.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _wanted(provider: Provider) -> str:
    if provider != "auto":
        return provider
    has_gpu = shutil.which("nvidia-smi") is not None
    return "cuda" if has_gpu and "CUDAExecutionProvider" in ort.get_available_providers() else "cpu"


def load_session(
    graph: Path, *, provider: Provider = "auto", threads: int = 0
) -> tuple[ort.InferenceSession, str]:
    """Load a graph; return the session and the name of what it really computes on.

    Raises EngineError for a graph that cannot be loaded, ProviderError when a provider was
    demanded by name and another one loaded.
    """
    wanted = _wanted(provider)
    chain = [name for name in _CHAINS[wanted] if name in ort.get_available_providers()]
    try:
        session = ort.InferenceSession(
            graph.read_bytes(), sess_options=_options(threads), providers=chain
        )
    except OSError as error:
        raise EngineError(f"{graph}: cannot be read: {error.strerror}") from error
    except Exception as error:  # onnxruntime raises many unrelated types for a bad graph
        raise EngineError(f"{graph}: not a graph that ONNX Runtime can load: {error}") from error
    loaded = _NAMES.get(session.get_providers()[0], session.get_providers()[0])
    if loaded.lower() != wanted:
        if provider != "auto":
            raise ProviderError(
                f"provider {provider!r} was demanded, but {loaded} loaded: install its libraries "
                f"(pip install 'tonewatch[gpu]') or choose --provider auto"
            )
        log.warning("%s could not be loaded; computing on %s", wanted, loaded)
    return session, loaded
