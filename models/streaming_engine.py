"""A model that remembers: each leg's state is kept here, and only new sound is computed."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from .engine import EngineError
from .leg_states import LegStates, State
from .manifest import Manifest, Streaming
from .onnx_answers import check_width, checked, named, quiet_noise, verified
from .onnx_session import Provider
from .providers import load_streaming
from .window import Float32, Frames, Window

LONGEST: Final = 16
"""Most windows of a leg that are read as one. With twice as many, sums over so many frames
are added up in another order."""
NEXT: Final = "next_"
"""Before the name of a state's array: its value after the call."""
_TYPES: Final = {"tensor(float)": np.float32, "tensor(int64)": np.int64}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Uninterrupted sound of one leg."""

    start_frame: int
    next_frame: int


class StreamingEngine:
    """Waveform and state in, frame logits, features and state out (docs/model-folder.md).

    Windows of a leg hold new sound only and come in order. One that does not begin where the last
    one ended begins a run: what was remembered is forgotten, but for the arrays that the manifest
    calls `kept` (a level reference outlasts a silence). Answers lag by the manifest's
    `delay_frames`. Where the manifest says that rows are independent, legs share a call, `batch` at
    most, and hops of one leg that wait behind each other are read as one: neither changes a bit.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provider: Provider = "auto",
        threads: int = 0,
        batch: int = 8,
        fallback: bool = False,
    ) -> None:
        self._manifest = Manifest.load(folder)
        if self._manifest.streaming is None:
            raise EngineError(f"{folder}: not a streaming model: its manifest lacks `streaming`")
        self._streaming: Streaming = self._manifest.streaming
        graph = folder / self._manifest.graph
        with verified(graph, self._manifest):
            self._session, self._provider = load_streaming(
                graph, self._manifest, provider=provider, threads=threads, fallback=fallback
            )
        self._batch = batch if self._manifest.batching else 1
        self._hop = self._manifest.lengths[0]
        self._begin = _first_state(self._session, graph)
        self._outputs = ["logits", "features", *(NEXT + name for name in self._begin)]
        self._runs: dict[str, _Run] = {}
        self._states = LegStates(self._begin)
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
        self.close(leg)

    def close(self, leg: str) -> None:
        """Forget a leg."""
        self._runs.pop(leg, None)
        self._states.forget(leg)

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows in order; shapes as in `Frames`.

        Raises EngineError; then nothing was read: the same windows may be asked for again.
        """
        answers: dict[int, Frames] = {}
        undo: list[Callable[[], None]] = []
        try:
            for group in self._groups(windows):
                read = self._read([[windows[place] for place in places] for places in group], undo)
                answers |= zip((place for places in group for place in places), read, strict=True)
        except EngineError:
            for back in reversed(undo):
                back()
            raise
        return [answers[place] for place in range(len(windows))]

    def _stretches(self, windows: Sequence[Window]) -> list[list[int]]:
        """Places of windows that are read as one: hops of a leg, without a hole between them."""
        newest: dict[str, list[int]] = {}
        found: list[list[int]] = []
        for place, window in enumerate(windows):
            stretch = newest.get(window.leg)
            if (
                stretch is not None
                and self._batch > 1
                and len(stretch) < LONGEST
                and len(window.samples) == len(windows[stretch[-1]].samples) == self._hop
                and windows[stretch[-1]].stop_frame == window.start_frame
            ):
                stretch.append(place)
            else:
                newest[window.leg] = [place]
                found.append(newest[window.leg])
        return found

    def _groups(self, windows: Sequence[Window]) -> Iterator[list[list[int]]]:
        """Stretches that share a call: of one length, a leg's stretches one after another.

        Windows that are no whole hop, a run's first and a leg's last, are read alone: products of
        another shape are computed in another order.
        """
        turns: Counter[str] = Counter()
        groups: dict[tuple[int, int], list[list[int]]] = {}
        for stretch in self._stretches(windows):
            leg, samples = windows[stretch[0]].leg, sum(len(windows[at].samples) for at in stretch)
            groups.setdefault((turns[leg], samples), []).append(stretch)
            turns[leg] += 1
        for (_, samples), group in sorted(groups.items()):
            most = 1 if samples % self._hop else self._batch
            yield from (group[first : first + most] for first in range(0, len(group), most))

    def _read(
        self, group: Sequence[Sequence[Window]], undo: list[Callable[[], None]]
    ) -> list[Frames]:
        """Answers of stretches of one length and different legs; their runs go on behind them."""
        legs = [stretch[0].leg for stretch in group]
        runs = [self._run_of(stretch[0], undo) for stretch in group]
        before = self._states.read(legs)
        # Joined as bytes: at each copy numpy would hand Python's lock to another thread, and wait.
        sound = b"".join([one.samples.data for stretch in group for one in stretch])
        waves = np.frombuffer(sound, np.float32).reshape(len(group), -1)
        logits, features, after = self._compute(waves, before)
        undo.append(lambda: self._states.write(legs, before))
        self._states.write(legs, after)
        answers: list[Frames] = []
        for row, (stretch, run) in enumerate(zip(group, runs, strict=True)):
            self._go_on(stretch[0].leg, replace(run, next_frame=stretch[-1].stop_frame), undo)
            begin = run.next_frame - self._streaming.delay_frames
            for window in stretch:
                first = window.start_frame - self._streaming.delay_frames
                stop = window.stop_frame - self._streaming.delay_frames
                told = slice(min(max(first, run.start_frame), stop) - begin, stop - begin)
                answers.append(
                    Frames(
                        leg=window.leg,
                        start_frame=begin + told.start,
                        logits=logits[row, told],
                        features=features[row, told],
                        captured_at=window.captured_at,
                        warming_up=window.warming_up,
                    )
                )
        return answers

    def _run_of(self, window: Window, undo: list[Callable[[], None]]) -> _Run:
        """The leg's run, if the window goes on with it, or a new one."""
        leg, run = window.leg, self._runs.get(window.leg)
        if run is not None and run.next_frame == window.start_frame:
            return run
        if run is None:
            undo.append(lambda: self._states.forget(leg))
        else:
            before = self._states.read([leg])
            undo.append(lambda: self._states.write([leg], before))
        self._states.begin(leg, self._streaming.kept)
        return _Run(start_frame=window.start_frame, next_frame=window.start_frame)

    def _go_on(self, leg: str, run: _Run, undo: list[Callable[[], None]]) -> None:
        before = self._runs.get(leg)
        undo.append(lambda: self._put(leg, before))
        self._runs[leg] = run

    def _put(self, leg: str, run: _Run | None) -> None:
        if run is None:
            self._runs.pop(leg, None)
        else:
            self._runs[leg] = run

    def _compute(self, waves: Float32, state: State) -> tuple[Float32, Float32, State]:
        """Logits [B, n, 9] and features [B, n, D] of waves [B, 320 n], and the state after them."""
        with named(self._manifest):
            logits, features, *after = self._session.run(self._outputs, {"wave": waves, **state})
        known = checked(logits, self._manifest, waves)
        return known, features, dict(zip(self._begin, after, strict=True))

    def _warm_up(self, graph: Path) -> None:
        """Run a hop, alone and with others: the first call of a shape is slow, a wrong graph shows,
        and so does a processor on which neighbours change a number."""
        noise = quiet_noise(self._manifest)[: self._hop]
        waves = np.stack([np.roll(noise, 97 * row) for row in range(self._batch)])
        begin = {name: np.repeat(array, len(waves), axis=0) for name, array in self._begin.items()}
        logits, features, state = self._compute(waves, begin)
        check_width(features, self._manifest, graph)
        alone = [self._compute(wave[None], self._begin) for wave in waves]
        apart = any(
            not np.array_equal(logits[row], one[0][0])
            or not _same({name: array[row : row + 1] for name, array in state.items()}, one[2])
            for row, one in enumerate(alone)
        )
        if self._batch > 1:
            sound = np.resize(waves, (LONGEST, self._hop))
            whole, state = self._compute(sound.reshape(1, -1), self._begin), self._begin
            hops = []
            for wave in sound:
                logits, _, state = self._compute(wave[None], state)
                hops.append(logits)
            apart |= not np.array_equal(whole[0], np.concatenate(hops, axis=1))
            apart |= not _same(whole[2], state)
        if apart:
            log.warning(
                "model %s: on this processor a number depends on what else is read in its call: "
                "windows are read one by one",
                self._manifest.name,
            )
            self._batch = 1


def _same(one: State, other: State) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


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
