"""A proven fp32 graph in another precision, and how far that is from it.

The limits stand for a model whose scores nobody has seen in these precisions: random weights show
the mechanism, not what real ones lose.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from ...models.manifest import Check, Probe
from ...models.onnx_session import default_threads, load_session
from ...models.openvino_session import load_openvino
from ...models.probe import distance, probe_wave
from ...models.window import Float32
from ..errors import ExportError
from ..graph import (
    WEIGHTS,
    Served,
    export_graph,
    part_weights,
    quantise_dynamic,
    quantise_static,
)
from ..parity import Deviation, Run, check, deviation, extremes, finite_check, grid
from .checkpoint import Checkpoint, build

Precision = Literal["fp32", "fp16", "bf16", "int8", "int8-static"]

PRECISIONS: Final[dict[Precision, str]] = {
    "fp32": "the reference, for any machine",
    "fp16": "for GPUs; what is delicate stays in fp32",
    "bf16": "for CPUs with bf16 instructions, on OpenVINO",
    "int8": "for CPUs, scales taken in each call",
    "int8-static": "for CPUs, scales fixed on speech; fastest on OpenVINO",
}

CHANGED_LIMIT: Final = {"fp16": 0.02, "bf16": 0.02, "int8": 0.05, "int8-static": 0.05}
"""Share of clear frames whose top label may change."""
MEAN_LIMIT: Final = {"fp16": 0.005, "bf16": 0.005, "int8": 0.03, "int8-static": 0.03}
"""Mean difference of an utterance score."""
LOWER_GOLDEN_LIMIT: Final = 2.0
"""For log scores of the publisher's example, a tenth of the smallest gap to its top label."""
_PROBE_SAMPLES: Final = 16_000
_FP32_PROBE_LIMIT: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Windows of speech [48000] that deviations are measured on, and what they are."""

    windows: Sequence[Float32]
    name: str


def write_graph(
    precision: Precision, checkpoint: Checkpoint, full: Path, target: Path, speech: Speech
) -> None:
    """Write the graph of a precision, made from the fp32 graph `full` with WEIGHTS beside it.

    Weights go beside the graph too, but for fp16: a GPU has its own copy. Raises ExportError.
    """
    config = checkpoint.config
    # Head and projection: small, and they carry the answer.
    keep = frozenset(
        {(config.width, len(checkpoint.tokens)), (config.conv_layers[-1][0], config.width)}
    )
    if precision in ("fp32", "bf16"):
        shutil.copyfile(full, target)
        shutil.copyfile(full.with_name(WEIGHTS), target.with_name(WEIGHTS))
    elif precision == "fp16":
        export_graph(Served(build(checkpoint).halve(), checkpoint.tokens), target)
    elif precision == "int8":
        quantise_dynamic(full, target, keep=keep)
        part_weights(target)
    else:
        # Every second window; the others judge.
        quantise_static(full, target, keep=keep, speech=speech.windows[::2])
        part_weights(target)


def served_run(graph: Path, precision: Precision) -> Run:
    """The graph as it is served on this machine's CPU. Raises EngineError."""
    installed = importlib.util.find_spec("openvino") is not None
    session: Any
    if precision == "bf16" or (precision == "int8-static" and installed):
        session = load_openvino(graph, threads=default_threads(), bf16=precision == "bf16")
    else:
        session, _ = load_session(graph, provider="cpu")

    def run(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = session.run(["logits", "features"], {"wave": waves})
        return logits, features

    return run


def lower_checks(
    precision: Precision, run: Run, reference: Run, speech: Speech, lengths: Sequence[int]
) -> tuple[list[Check], dict[str, Any], Deviation]:
    """Checks of a lower precision against fp32, what the manifest says of it, and the numbers."""
    waves = [window[None] for window in speech.windows[1::2]] or list(grid(lengths, (1,)))
    found = deviation(run, reference, waves)
    name = f"{precision} against fp32"
    checks = [
        check(f"{name}: clear frames that changed", found.changed_clear, CHANGED_LIMIT[precision]),
        check(f"{name}: mean difference of scores", found.scores_mean, MEAN_LIMIT[precision]),
        finite_check(name, run, [wave for n in lengths for wave in extremes(n)]),
    ]
    measured_on = f"{len(waves)} windows of {speech.name if speech.windows else 'noise'}"
    return checks, {"measured_on": measured_on, **asdict(found)}, found


def make_probe(run: Run, reference: Run, found: Deviation | None, known: Sequence[bool]) -> Probe:
    """What fp32 answers to the probe, and how far a serving machine may be from it.

    A lower precision may be twice as far as here, or as far as it was here on any speech.
    """
    wave = probe_wave(_PROBE_SAMPLES)[None]
    expected = reference(wave)[0][0].astype(np.float64).mean(axis=0)
    limit = _FP32_PROBE_LIMIT
    if found is not None:
        here = distance(run(wave)[0][0], expected, np.asarray(known))
        if not np.isfinite(here):
            raise ExportError("the probe's answer is not finite in this precision; take another")
        limit += max(2 * here, found.logits)
    return Probe(
        samples=_PROBE_SAMPLES, logits=tuple(float(value) for value in expected), limit=limit
    )
