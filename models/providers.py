"""Which runtime and provider serve a model: ONNX Runtime's, or OpenVINO."""

import importlib.util
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt
import onnxruntime as ort
import platformdirs

from . import tensorrt_cache
from .engine import ProviderError
from .manifest import Manifest
from .onnx_session import TENSORRT, Provider, default_threads, fallen_back, load_session, wanted
from .openvino_session import load_openvino

log = logging.getLogger(__name__)


class Session(Protocol):
    """What engines ask of a loaded graph."""

    def run(
        self, names: Sequence[str], feed: Mapping[str, npt.NDArray[Any]], /
    ) -> Sequence[npt.NDArray[Any]]:
        """Outputs by name."""
        ...

    def get_inputs(self) -> Sequence[Any]:
        """Inputs, with their names."""
        ...

    def get_outputs(self) -> Sequence[Any]:
        """Outputs, with their names."""
        ...


def load(
    graph: Path,
    manifest: Manifest,
    *,
    provider: Provider,
    threads: int,
    batch: int,
    fallback: bool,
) -> tuple[Session, str]:
    """A model's session and the name of what it computes on; as `load_session`.

    `auto` takes OpenVINO on a CPU for the precisions that win there. Raises EngineError and
    ProviderError.
    """
    key = wanted(provider)
    if provider == "auto" and key == "cpu" and _prefers_openvino(manifest):
        key = "openvino"
    if key == "openvino":
        try:
            cache = Path(platformdirs.user_cache_dir("tonewatch", False), "openvino")
            session = load_openvino(
                graph,
                threads=threads or default_threads(),
                bf16=manifest.precision == "bf16",
                cache=cache,
            )
            return session, "OpenVINO CPU"
        except ProviderError:
            if provider != "auto" and not fallback:
                raise
        session, _ = load_session(graph, provider="cpu", threads=threads, plain=manifest.plain)
        return session, fallen_back("openvino", "CPU")
    options: dict[str, dict[str, str]] = {}
    if key == "tensorrt":
        options[TENSORRT] = _tensorrt_options(manifest, batch)
    return load_session(
        graph,
        provider=provider,
        threads=threads,
        fallback=fallback,
        options=options,
        plain=manifest.plain,
    )


def load_streaming(
    graph: Path, manifest: Manifest, *, provider: Provider, threads: int, fallback: bool
) -> tuple[ort.InferenceSession, str]:
    """The session of a graph that remembers, on the CPU or CUDA; as `load_session`.

    It has no fixed shapes to build a TensorRT engine for, and OpenVINO gains nothing where weights
    alone are small. Raises EngineError and ProviderError.
    """
    if provider in ("tensorrt", "openvino"):
        if not fallback:
            raise ProviderError(
                f"model {manifest.name} reads only new sound and is served by the providers cpu "
                f"and cuda, not {provider}: choose one of these, another --model, or allow it with "
                "--set engine.fallback=true"
            )
        session, _ = load_session(graph, provider="cpu", threads=threads, plain=True)
        return session, fallen_back(provider, "CPU")
    return load_session(graph, provider=provider, threads=threads, fallback=fallback, plain=True)


def _prefers_openvino(manifest: Manifest) -> bool:
    """Whether the graph is faster there, or only there what it says (bf16), and it is at hand."""
    return manifest.precision in ("bf16", "int8-static") and bool(
        importlib.util.find_spec("openvino")
    )


def _tensorrt_options(manifest: Manifest, batch: int) -> dict[str, str]:
    profile = tensorrt_cache.profile_of(manifest.lengths, batch, manifest.precision)
    facts = tensorrt_cache.facts(
        manifest.sha256, tensorrt_cache.find_gpu(), profile, tensorrt_cache.versions()
    )
    folder = tensorrt_cache.cache_folder(tensorrt_cache.cache_key(facts))
    if not tensorrt_cache.is_ready(folder):
        log.warning(
            "TensorRT builds its engine now, which takes minutes, once; ahead of time: "
            "tonewatch export --tensorrt %s",
            manifest.name,
        )
    folder.mkdir(parents=True, exist_ok=True)
    return tensorrt_cache.options(folder, profile)
