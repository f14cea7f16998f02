"""What every engine on ONNX Runtime asks of a graph and of its answers."""

import contextlib
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .engine import EngineError
from .labels import LABELS, MASKED_LOGIT
from .manifest import Manifest
from .window import Float32


@contextlib.contextmanager
def verified(graph: Path, manifest: Manifest) -> Iterator[None]:
    """Check a graph on another core while the block loads it; what the check says goes first."""
    _require(graph, manifest)
    with ThreadPoolExecutor(max_workers=1) as pool:
        checked = pool.submit(check_graph, graph, manifest)
        try:
            yield
        finally:
            checked.result()


def check_graph(graph: Path, manifest: Manifest) -> None:
    """Whether graph and weights are those that the manifest describes. Raises EngineError."""
    for file, pin in _require(graph, manifest).items():
        if not pin:
            continue
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != pin:
            what = "graph" if file == graph else "weights"
            raise EngineError(
                f"{file}: not the {what} that its manifest describes (SHA-256 differs); "
                "make or copy the model folder again as a whole"
            )


def _require(graph: Path, manifest: Manifest) -> dict[Path, str]:
    """The model's files with their SHA-256; all of them are there. Raises EngineError."""
    files = {graph: manifest.sha256}
    if manifest.weights:
        files[graph.with_name(manifest.weights)] = manifest.weights_sha256
    for file in files:
        if not file.is_file():
            raise EngineError(f"{file}: missing, though the manifest of {manifest.name} names it")
    return files


@contextlib.contextmanager
def named(manifest: Manifest) -> Iterator[None]:
    """Let what a call of the graph raises become an EngineError that names the model."""
    try:
        yield
    except Exception as error:  # onnxruntime raises many unrelated types
        raise EngineError(f"model {manifest.name}: {error}") from error


def checked(logits: Float32, manifest: Manifest, waves: Float32) -> Float32:
    """Logits [B, F, 9] of waves [B, S], MASKED_LOGIT where a label was never learned.

    Raises EngineError for another shape and for numbers that are not finite.
    """
    expected = (len(waves), manifest.frames_of(waves.shape[1]), len(LABELS))
    if logits.shape != expected:
        raise EngineError(
            f"model {manifest.name}: expected logits {expected}, got {logits.shape}; "
            "the graph and its manifest do not belong together"
        )
    if not np.isfinite(logits).all():
        raise EngineError(f"model {manifest.name}: logits are not finite")
    return np.where(unlearned(manifest), np.float32(MASKED_LOGIT), logits)


def unlearned(manifest: Manifest) -> npt.NDArray[np.bool_]:
    """Which of LABELS the model never learned, [9]."""
    return np.array([label not in manifest.known for label in LABELS])


def check_width(features: Float32, manifest: Manifest, graph: Path) -> None:
    """Whether features [.., D] are as wide as the manifest says. Raises EngineError."""
    if features.shape[-1] != manifest.feature_dim:
        raise EngineError(
            f"{graph}: expected {manifest.feature_dim} features, found {features.shape[-1]}"
        )


def quiet_noise(manifest: Manifest) -> Float32:
    """Sound [window_samples] to warm up with, always the same."""
    noise = np.random.default_rng(0).standard_normal(manifest.window_samples)
    return (0.05 * noise).astype(np.float32)
