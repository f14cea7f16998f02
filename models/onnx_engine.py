"""Any model folder that keeps the contract (docs/model-folder.md), run by ONNX Runtime."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from .engine import EngineError
from .labels import LABELS, MASKED_LOGIT
from .manifest import Manifest
from .onnx_session import Provider, load_session
from .window import Float32, Frames, Window


class OnnxEngine:
    """A stateless engine: waveform in, frame logits and features out.

    On the CPU windows run one by one: batching gains nothing there, and a window's numbers then
    cannot depend on its neighbours. On a GPU windows of one length share a call, where the
    manifest says that rows are independent.
    """

    def __init__(
        self, folder: Path, *, provider: Provider = "auto", threads: int = 0, batch: int = 8
    ) -> None:
        self._manifest = Manifest.load(folder)
        graph = folder / self._manifest.graph
        check_graph(graph, self._manifest)
        self._session, self._provider = load_session(graph, provider=provider, threads=threads)
        _check_interface(self._session, graph)
        together = self._manifest.batching and self._provider != "CPU"
        self._batch = batch if together else 1
        self._masked = np.array([label not in self._manifest.known for label in LABELS])
        self._warm_up(graph)

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self._manifest

    @property
    def provider(self) -> str:
        """What really computes."""
        return self._provider

    def open(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def close(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows in order; shapes as in `Frames`. Raises EngineError."""
        groups = _groups(windows, self._batch)
        return [frames for group in groups for frames in self._read(group)]

    def _read(self, group: Sequence[Window]) -> list[Frames]:
        """Answers of windows of one length, read together."""
        logits, features = self._run(np.stack([window.samples for window in group]))
        return [
            Frames(
                leg=window.leg,
                start_frame=window.start_frame,
                logits=logits[row],
                features=features[row],
                captured_at=window.captured_at,
                warming_up=window.warming_up,
            )
            for row, window in enumerate(group)
        ]

    def _run(self, waves: Float32) -> tuple[Float32, Float32]:
        """Waves [B, S] to logits [B, F, 9] and features [B, F, D]."""
        try:
            logits, features = self._session.run(["logits", "features"], {"wave": waves})
        except Exception as error:  # onnxruntime raises many unrelated types
            raise EngineError(f"model {self._manifest.name}: {error}") from error
        expected = (len(waves), self._manifest.frames_of(waves.shape[1]), len(LABELS))
        if logits.shape != expected:
            raise EngineError(
                f"model {self._manifest.name}: expected logits {expected}, got {logits.shape}; "
                "the graph and its manifest do not belong together"
            )
        if not np.isfinite(logits).all():
            raise EngineError(f"model {self._manifest.name}: logits are not finite")
        return np.where(self._masked, np.float32(MASKED_LOGIT), logits), features

    def _warm_up(self, graph: Path) -> None:
        """Run every length once: the first call of a shape is slow, and a wrong graph shows."""
        noise = np.random.default_rng(0).standard_normal(self._manifest.window_samples)
        for length in self._manifest.lengths:
            _, features = self._run((0.05 * noise[:length]).astype(np.float32)[None])
            if features.shape[-1] != self._manifest.feature_dim:
                raise EngineError(
                    f"{graph}: expected {self._manifest.feature_dim} features, "
                    f"found {features.shape[-1]}"
                )


def _groups(windows: Sequence[Window], size: int) -> Iterator[list[Window]]:
    """Neighbours of one length, at most `size` together, in order."""
    group: list[Window] = []
    for window in windows:
        if group and (len(group) == size or len(group[0].samples) != len(window.samples)):
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def check_graph(graph: Path, manifest: Manifest) -> None:
    """Whether it is the graph that the manifest describes. Raises EngineError."""
    if not graph.is_file():
        raise EngineError(f"{graph}: missing, though the manifest of {manifest.name} names it")
    if manifest.sha256 and hashlib.sha256(graph.read_bytes()).hexdigest() != manifest.sha256:
        raise EngineError(
            f"{graph}: not the graph that its manifest describes (SHA-256 differs); "
            "make or copy the model folder again as a whole"
        )


def _check_interface(session: ort.InferenceSession, graph: Path) -> None:
    inputs = [node.name for node in session.get_inputs()]
    outputs = [node.name for node in session.get_outputs()]
    if inputs != ["wave"] or not {"logits", "features"} <= set(outputs):
        raise EngineError(
            f"{graph}: expected input wave and outputs logits, features; "
            f"found {', '.join(inputs)} and {', '.join(outputs)}"
        )
