"""Any model folder that keeps the contract (docs/model-folder.md), run by ONNX Runtime."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .engine import EngineError
from .manifest import Manifest
from .onnx_answers import check_width, checked, named, quiet_noise, unlearned, verified
from .onnx_binding import BoundRuns
from .onnx_session import Provider
from .probe import distance, probe_wave
from .providers import Session, load
from .window import Float32, Frames, Window

log = logging.getLogger(__name__)


class OnnxEngine:
    """A stateless engine: waveform in, frame logits and features out.

    On the CPU windows run one by one: batching gains nothing there, and a window's numbers then
    cannot depend on its neighbours. On a GPU windows of one length share a call of a fixed shape,
    where the manifest says that rows are independent.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provider: Provider = "auto",
        threads: int = 0,
        batch: int = 8,
        fallback: bool = False,
        force: bool = False,
    ) -> None:
        self._manifest = Manifest.load(folder)
        graph = folder / self._manifest.graph
        with verified(graph, self._manifest):
            self._session, self._provider = load(
                graph,
                self._manifest,
                provider=provider,
                threads=threads,
                batch=batch,
                fallback=fallback,
            )
        _check_interface(self._session, graph)
        on_gpu = "CPU" not in self._provider
        self._batch = batch if self._manifest.batching and on_gpu else 1
        self._bound = BoundRuns(self._session, batch=self._batch) if on_gpu else None
        self._warm_up(graph)
        self._check_probe(force)

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
        with named(self._manifest):
            if self._bound:
                logits, features = self._bound.run(waves)
            else:
                logits, features = self._session.run(["logits", "features"], {"wave": waves})
        return checked(logits, self._manifest, waves), features

    def _warm_up(self, graph: Path) -> None:
        """Run shapes once: a GPU's first call of a shape is slow, and a wrong graph shows.

        On the CPU only the memory has to be there: the longest length will do.
        """
        noise, lengths = quiet_noise(self._manifest), self._manifest.lengths
        for length in lengths if self._bound else {lengths[0], lengths[-1]}:
            for size in self._bound.sizes if self._bound else (1,):
                _, features = self._run(np.repeat(noise[None, :length], size, axis=0))
            check_width(features, self._manifest, graph)

    def _check_probe(self, force: bool) -> None:
        """Whether this machine computes what was exported. Raises EngineError unless `force`."""
        probe = self._manifest.probe
        if probe is None:
            return
        logits, _ = self._run(probe_wave(probe.samples)[None])
        found = distance(logits[0], probe.logits, ~unlearned(self._manifest))
        if found <= probe.limit:
            return
        line = (
            f"model {self._manifest.name}: on this machine ({self._provider}) a logit of the probe "
            f"is {found:.3g} from the fp32 network's, {probe.limit:.3g} is allowed: export it "
            "here, or take another precision"
        )
        if not force:
            raise EngineError(f"{line}; --force loads it all the same")
        log.warning(line)


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


def _check_interface(session: Session, graph: Path) -> None:
    inputs = [node.name for node in session.get_inputs()]
    outputs = [node.name for node in session.get_outputs()]
    if inputs != ["wave"] or not {"logits", "features"} <= set(outputs):
        raise EngineError(
            f"{graph}: expected input wave and outputs logits, features; "
            f"found {', '.join(inputs)} and {', '.join(outputs)}"
        )
