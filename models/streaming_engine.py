"""A model that remembers: each leg's state is kept here, and only new sound is computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from .engine import EngineError
from .labels import LABELS, MASKED_LOGIT
from .manifest import Manifest, Streaming
from .onnx_engine import check_graph
from .onnx_session import Provider, load_session
from .window import Float32, Frames, Window

NEXT: Final = "next_"
"""Before the name of a state's array: its value after the call."""
_TYPES: Final = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


@dataclass(slots=True)
class _Run:
    """Uninterrupted sound of one leg, and what the graph remembers of it."""

    start_frame: int
    next_frame: int
    state: dict[str, npt.NDArray[Any]]


class StreamingEngine:
    """Waveform and state in, frame logits, features and state out (docs/model-folder.md).

    Windows of a leg hold new sound only and come in order. One that does not begin where the last
    one ended begins a run: what was remembered is forgotten, but for the arrays that the manifest
    calls `kept` (a level reference outlasts a silence). Answers lag by the manifest's
    `delay_frames`. Windows are read one by one: a leg's numbers cannot depend on its neighbours.
    """

    def __init__(self, folder: Path, *, provider: Provider = "auto", threads: int = 0) -> None:
        self._manifest = Manifest.load(folder)
        if self._manifest.streaming is None:
            raise EngineError(f"{folder}: not a streaming model: its manifest lacks `streaming`")
        self._streaming: Streaming = self._manifest.streaming
        graph = folder / self._manifest.graph
        check_graph(graph, self._manifest)
        self._session, self._provider = load_session(graph, provider=provider, threads=threads)
        self._begin = _first_state(self._session, graph)
        self._outputs = ["logits", "features", *(NEXT + name for name in self._begin)]
        self._masked = np.array([label not in self._manifest.known for label in LABELS])
        self._runs: dict[str, _Run] = {}
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
        """A leg begins with nothing remembered."""
        self._runs.pop(leg, None)

    def close(self, leg: str) -> None:
        """Forget a leg."""
        self._runs.pop(leg, None)

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows in order; shapes as in `Frames`. Raises EngineError."""
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Frames:
        run = self._run_of(window)
        first = run.next_frame - self._streaming.delay_frames
        logits, features, run.state = self._compute(window.samples, run.state)
        run.next_frame = window.stop_frame
        skip = min(max(0, run.start_frame - first), len(logits))
        return Frames(
            leg=window.leg,
            start_frame=first + skip,
            logits=logits[skip:],
            features=features[skip:],
            captured_at=window.captured_at,
            warming_up=window.warming_up,
        )

    def _run_of(self, window: Window) -> _Run:
        """The run that the window goes on with, or a new one."""
        run = self._runs.get(window.leg)
        if run is None or run.next_frame != window.start_frame:
            state = dict(self._begin)
            if run is not None:
                state |= {name: run.state[name] for name in self._streaming.kept}
            run = _Run(window.start_frame, window.start_frame, state)
            self._runs[window.leg] = run
        return run

    def _compute(
        self, wave: Float32, state: dict[str, npt.NDArray[Any]]
    ) -> tuple[Float32, Float32, dict[str, npt.NDArray[Any]]]:
        """Logits [n, 9] and features [n, D] of a wave [320 n], and the state after it."""
        name = self._manifest.name
        try:
            logits, features, *after = self._session.run(
                self._outputs, {"wave": wave[None], **state}
            )
        except Exception as error:  # onnxruntime raises many unrelated types
            raise EngineError(f"model {name}: {error}") from error
        expected = (1, len(wave) // self._manifest.frame_samples, len(LABELS))
        if logits.shape != expected:
            raise EngineError(
                f"model {name}: expected logits {expected}, got {logits.shape}; "
                "the graph and its manifest do not belong together"
            )
        if not np.isfinite(logits).all():
            raise EngineError(f"model {name}: logits are not finite")
        masked = np.where(self._masked, np.float32(MASKED_LOGIT), logits[0])
        return masked, features[0], dict(zip(self._begin, after, strict=True))

    def _warm_up(self, graph: Path) -> None:
        """Run every length once: the first call of a shape is slow, and a wrong graph shows."""
        noise = np.random.default_rng(0).standard_normal(self._manifest.window_samples)
        for length in self._manifest.lengths:
            _, features, _ = self._compute((0.05 * noise[:length]).astype(np.float32), self._begin)
            if features.shape[-1] != self._manifest.feature_dim:
                raise EngineError(
                    f"{graph}: expected {self._manifest.feature_dim} features, "
                    f"found {features.shape[-1]}"
                )


def _first_state(session: ort.InferenceSession, graph: Path) -> dict[str, npt.NDArray[Any]]:
    """Zeros of every input but `wave`, batch 1, in the graph's order. Raises EngineError."""
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = {node.name for node in session.get_outputs()}
    state = {
        name: np.zeros((1, *node.shape[1:]), _TYPES[node.type])
        for name, node in inputs.items()
        if name != "wave"
    }
    wanted = {"logits", "features", *(NEXT + name for name in state)}
    if "wave" not in inputs or not state or outputs != wanted:
        raise EngineError(
            f"{graph}: expected inputs wave and a state, outputs logits, features and the state "
            f"after; found {', '.join(inputs)} and {', '.join(sorted(outputs))}"
        )
    return state
