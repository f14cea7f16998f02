"""A trained network to a checked model folder: graph, parity, model.json, card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..labels import LABELS, Label
from ..manifest import Calibration, Manifest
from ..window import Float32
from .corpus import Clip, read_clip
from .features import windows
from .forms import Servable, parity, rows_stand_alone, shape_of, write
from .publish import digest_of, licence_of, publish, sources_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where to, and what is to be said of it."""

    folder: Path
    name: str
    version: str
    known: tuple[Label, ...]
    commercial: tuple[str, ...]
    calibration: Calibration
    accuracy: Mapping[str, Any]
    feature_dim: int
    small: bool = True
    """Whether large weights are stored small: those of a Whisper encoder, whose notice then lies
    beside them."""


def deliver(
    network: Servable,
    how: Delivery,
    heard: Sequence[Clip],
    learned: Sequence[Clip],
    say: Callable[[str], None],
) -> Path:
    """Write the folder: parity is told on windows of `heard`, sources and licence are those of
    `learned`."""
    how.folder.mkdir(parents=True, exist_ok=True)
    graph = how.folder / f"{how.name}.onnx"
    write(network, graph)
    checks = parity(network, graph, speech_of(heard))
    told = ", ".join(f"{check.name} {check.value:.3f}" for check in checks)
    say(f"graph of {graph.stat().st_size / 1e6:.1f} MB; {told}")
    publish(
        how.folder,
        Manifest(
            name=how.name,
            version=how.version,
            graph=graph.name,
            sha256=digest_of(graph),
            **shape_of(network),
            labels=LABELS,
            known=how.known,
            feature_dim=how.feature_dim,
            precision="int8 and fp16 weights, fp32 arithmetic" if how.small else "fp32",
            batching=rows_stand_alone(network, graph),
            calibration=how.calibration,
            checks=checks,
            data=sources_of(learned, how.commercial),
            licence=licence_of(learned, how.commercial, how.name),
            accuracy=dict(how.accuracy),
        ),
        notice=how.small,
    )
    return how.folder


def speech_of(clips: Sequence[Clip], count: int = 200) -> list[Float32]:
    """Windows of clips taken evenly from the whole manifest."""
    chosen = clips[:: max(1, len(clips) // count)]
    return [windows(read_clip(clip.path))[0].copy() for clip in chosen]
