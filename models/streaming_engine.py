"""A model that remembers: each leg's state is kept here, and only new sound is computed."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from .engine import EngineError
from .manifest import Manifest, Streaming
from .onnx_answers import check_width, checked, named, quiet_noise, verified
from .onnx_session import Provider, load_session
from .window import Float32, Frames, Window

NEXT: Final = "next_"
"""Before the name of a state's array: its value after the call."""
_TYPES: Final = {"tensor(float)": np.float32, "tensor(int64)": np.int64}

log = logging.getLogger(__name__)

State = Mapping[str, npt.NDArray[Any]]
"""What the graph remembers, by the names of its inputs; batch first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Run:
    """Uninterrupted sound of one leg, and what the graph remembers of it."""

    start_frame: int
    next_frame: int
    state: State


class StreamingEngine:
    """Waveform and state in, frame logits, features and state out (docs/model-folder.md).

    Windows of a leg hold new sound only and come in order. One that does not begin where the last
    one ended begins a run: what was remembered is forgotten, but for the arrays that the manifest
    calls `kept` (a level reference outlasts a silence). Answers lag by the manifest's
    `delay_frames`. Windows of one length and of different legs share a call, `batch` at most, where
    the manifest says that rows are independent: a leg's numbers do not depend on its neighbours.
    """

    def __init__(
        self, folder: Path, *, provider: Provider = "auto", threads: int = 0, batch: int = 8
    ) -> None:
        self._manifest = Manifest.load(folder)
        if self._manifest.streaming is None:
            raise EngineError(f"{folder}: not a streaming model: its manifest lacks `streaming`")
        self._streaming: Streaming = self._manifest.streaming
        graph = folder / self._manifest.graph
        with verified(graph, self._manifest):
            self._session, self._provider = load_session(
                graph, provider=provider, threads=threads, plain=True
            )
        self._batch = batch if self._manifest.batching else 1
        self._begin = _first_state(self._session, graph)
        self._outputs = ["logits", "features", *(NEXT + name for name in self._begin)]
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
        """Read windows in order; shapes as in `Frames`.

        Raises EngineError; then nothing was read: the same windows may be asked for again.
        """
        runs = dict(self._runs)
        answers: dict[int, Frames] = {}
        for group in _groups(windows, self._batch):
            answers |= zip(
                group, self._read([windows[place] for place in group], runs), strict=True
            )
        self._runs = runs
        return [answers[place] for place in range(len(windows))]

    def _read(self, group: Sequence[Window], runs: dict[str, _Run]) -> list[Frames]:
        """Answers of windows of one length and different legs; `runs` go on behind them."""
        before = [self._run_of(window, runs.get(window.leg)) for window in group]
        logits, features, after = self._compute(
            np.stack([window.samples for window in group]), _stacked([run.state for run in before])
        )
        answers = []
        for row, (window, run) in enumerate(zip(group, before, strict=True)):
            first = run.next_frame - self._streaming.delay_frames
            skip = min(max(0, run.start_frame - first), logits.shape[1])
            answers.append(
                Frames(
                    leg=window.leg,
                    start_frame=first + skip,
                    logits=logits[row, skip:],
                    features=features[row, skip:],
                    captured_at=window.captured_at,
                    warming_up=window.warming_up,
                )
            )
            runs[window.leg] = _Run(
                start_frame=run.start_frame,
                next_frame=window.stop_frame,
                state=after if len(group) == 1 else _row(after, row),
            )
        return answers

    def _run_of(self, window: Window, run: _Run | None) -> _Run:
        """The leg's run, if the window goes on with it, or a new one."""
        if run is not None and run.next_frame == window.start_frame:
            return run
        kept = {} if run is None else {name: run.state[name] for name in self._streaming.kept}
        return _Run(
            start_frame=window.start_frame,
            next_frame=window.start_frame,
            state={**self._begin, **kept},
        )

    def _compute(self, waves: Float32, state: State) -> tuple[Float32, Float32, State]:
        """Logits [B, n, 9] and features [B, n, D] of waves [B, 320 n], and the state after them."""
        with named(self._manifest):
            logits, features, *after = self._session.run(self._outputs, {"wave": waves, **state})
        known = checked(logits, self._manifest, waves)
        return known, features, dict(zip(self._begin, after, strict=True))

    def _warm_up(self, graph: Path) -> None:
        """Run every length, alone and together: the first call of a shape is slow, a wrong graph
        shows, and so does a processor on which rows are not independent."""
        noise = quiet_noise(self._manifest)
        for length in self._manifest.lengths:
            waves = np.stack([np.roll(noise[:length], 97 * row) for row in range(self._batch)])
            logits, features, state = self._compute(waves, _stacked([self._begin] * len(waves)))
            check_width(features, self._manifest, graph)
            alone = [self._compute(wave[None], self._begin) for wave in waves]
            apart = any(
                not np.array_equal(logits[row], one[0][0]) or not _same(_row(state, row), one[2])
                for row, one in enumerate(alone)
            )
            if apart:
                log.warning(
                    "model %s: on this processor a row's numbers depend on how many are read "
                    "together: legs are read one by one",
                    self._manifest.name,
                )
                self._batch = 1


def _groups(windows: Sequence[Window], most: int) -> Iterator[list[int]]:
    """Places of windows that may share a call: of one length, a leg's windows one after another."""
    turns: Counter[str] = Counter()
    groups: dict[tuple[int, int], list[int]] = {}
    for place, window in enumerate(windows):
        groups.setdefault((turns[window.leg], len(window.samples)), []).append(place)
        turns[window.leg] += 1
    for _, group in sorted(groups.items()):
        yield from (group[first : first + most] for first in range(0, len(group), most))


def _stacked(states: Sequence[State]) -> State:
    """States of one row each as one."""
    if len(states) == 1:
        return states[0]
    return {name: np.concatenate([state[name] for state in states]) for name in states[0]}


def _same(one: State, other: State) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def _row(state: State, row: int) -> State:
    """One row by itself: a view would keep all of them in memory."""
    return {name: array[row : row + 1].copy() for name, array in state.items()}


def _first_state(session: ort.InferenceSession, graph: Path) -> State:
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
