"""`tonewatch export`: a checkpoint folder to a checked model folder, or nothing at all."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import onnxruntime as ort
import soundfile
import torch

from ...models.engine import EngineError
from ...models.funasr_folder import LENGTHS, LICENCE
from ...models.labels import LABELS
from ...models.manifest import MANIFEST_NAME, Calibration, Check, Manifest, ManifestError
from ...models.window import Float32
from ..errors import ExportError
from ..graph import OPSET, WEIGHTS, Served, export_graph, part_weights
from ..parity import GOLDEN_LIMIT, Run, deviation, exact_checks, golden_check, grid
from .checkpoint import Checkpoint, build, load_checkpoint, sha256
from .pins import EXAMPLE_SHA256, GOLDEN
from .precision import (
    LOWER_GOLDEN_LIMIT,
    Precision,
    Speech,
    lower_checks,
    make_probe,
    served_run,
    write_graph,
)
from .reference import reference_run

Say = Callable[[str], None]

_SCRATCH: Final = ".export."
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to export, and where to."""

    source: Path
    """A folder in FunASR's format."""
    target: Path
    """The user's model folder; each precision gets a folder of its own in it."""
    name: str | None = None
    precisions: tuple[Precision, ...] = ("fp32",)
    speech: Speech = Speech(windows=(), name="noise")  # noqa: RUF009  frozen, and no list in it
    reference: bool = True
    """Whether to compare with FunASR itself."""


def export(job: Export, say: Say) -> list[Path]:
    """Export, check, write the manifests; return a model folder for each precision.

    Everything is made in a temporary folder beside the targets and moved at the end, so that a
    failure leaves nothing behind; what a killed export left goes with the next one a day later.
    Raises ExportError.
    """
    say(f"reading {job.source}")
    checkpoint = load_checkpoint(job.source, job.name)
    if checkpoint.name in GOLDEN and not _example(job.source).is_file():
        say(f"{_example(job.source)} is missing: the check on it is left out")
    if "int8-static" in job.precisions and not job.speech.windows:
        raise ExportError("int8-static fixes its scales on speech: give some with --speech")
    try:
        job.target.mkdir(parents=True, exist_ok=True)
        _sweep(job.target)
        _require_space(job, checkpoint)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=job.target) as scratch:
            folders = _make_all(job, checkpoint, Path(scratch), say)
            return [_install(folder, job.target, Path(scratch)) for folder in folders]
    except EngineError as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(f"{job.target}: cannot be written: {error.strerror or error}") from error


def _sweep(target: Path) -> None:
    """Delete what killed exports left: an export takes minutes, none a day."""
    for scratch in target.glob(f"{_SCRATCH}*"):
        if time.time() - scratch.stat().st_mtime > _DAY_S:
            shutil.rmtree(scratch, ignore_errors=True)


def _install(folder: Path, target: Path, scratch: Path) -> Path:
    """Put a finished folder into its place; one that was there goes with the scratch folder."""
    final = target / folder.name
    if final.exists():
        final.rename(scratch / f"{folder.name}.old")
    return folder.rename(final)


_SPACE: Final[dict[Precision, float]] = {
    "fp32": 1.0,
    "fp16": 0.5,
    "bf16": 1.0,
    "int8": 0.3,
    "int8-static": 3.3,
}
"""Of the fp32 weights' size; static quantisation writes two more graphs on its way."""


def _require_space(job: Export, checkpoint: Checkpoint) -> None:
    weights = sum(tensor.numel() * 4 for tensor in checkpoint.state.values())
    size = weights * (2.1 + sum(_SPACE[precision] for precision in job.precisions))
    free = shutil.disk_usage(job.target).free
    if free < size:
        raise ExportError(
            f"{job.target}: the export needs {size / 1e9:.1f} GB, {free / 1e9:.1f} GB are free: "
            "make room, or choose another folder with --models-dir"
        )


def _make_all(job: Export, checkpoint: Checkpoint, scratch: Path, say: Say) -> list[Path]:
    """One proven fp32 graph, then each precision from it."""
    network = build(checkpoint)
    full = scratch / "full.onnx"
    say("writing the graph (a minute or two)")
    export_graph(Served(network, checkpoint.tokens), full)
    part_weights(full)
    reference = served_run(full, "fp32")
    say("checking the graph against the network")
    found = deviation(reference, _torch_run(network, checkpoint), grid(LENGTHS))
    checks = exact_checks("graph against network", found)
    if job.reference:
        say("checking the graph against FunASR")
        run = reference_run(job.source)
        checks += exact_checks(
            "graph against FunASR", deviation(reference, run, grid(LENGTHS, (1, 2)))
        )
    checks += _golden_checks(job, checkpoint, reference, GOLDEN_LIMIT)
    return [
        _make(job, checkpoint, precision, full, reference, checks, say)
        for precision in job.precisions
    ]


def _make(
    job: Export,
    checkpoint: Checkpoint,
    precision: Precision,
    full: Path,
    reference: Run,
    proven: list[Check],
    say: Say,
) -> Path:
    """The model folder of one precision, beside `full`."""
    name = checkpoint.name if precision == "fp32" else f"{checkpoint.name}-{precision}"
    folder = full.parent / name
    folder.mkdir()
    graph = folder / f"{name}.onnx"
    say(f"writing {name}")
    write_graph(precision, checkpoint, full, graph, job.speech)
    checks, found, run = list(proven), None, reference
    accuracy: dict[str, Any] = {}
    if checkpoint.name in GOLDEN and not _example(job.source).is_file():
        accuracy["golden_check"] = "left out: no example/test.wav beside model.pt"
    if precision != "fp32":
        say(f"checking {name} against fp32")
        run = served_run(graph, precision)
        more, said, found = lower_checks(precision, run, reference, job.speech, LENGTHS)
        checks += more
        checks += _golden_checks(job, checkpoint, run, LOWER_GOLDEN_LIMIT)
        accuracy["deviation_from_fp32"] = said
    known = [label in checkpoint.known for label in LABELS]
    manifest = _manifest(checkpoint, name, graph, precision, checks, accuracy)
    update = {
        "probe": make_probe(run, reference, found, known),
        "calibration": _calibration(job.target / name, manifest),
    }
    manifest = manifest.model_copy(update=update)
    content = manifest.model_dump(mode="json", by_alias=True)
    (folder / MANIFEST_NAME).write_text(json.dumps(content, indent=1), encoding="utf-8")
    for check in checks:
        if not check.passed:
            say(f"FAILED {check.name}: {check.value:.3g}, {check.limit:.3g} is allowed")
    return folder


def _calibration(folder: Path, manifest: Manifest) -> Calibration:
    """What was fitted for the same weights in the folder that the export takes the place of."""
    try:
        before = Manifest.load(folder)
    except ManifestError:
        return manifest.calibration
    same = (before.version, before.precision) == (manifest.version, manifest.precision)
    return before.calibration if same else manifest.calibration


def _manifest(
    checkpoint: Checkpoint,
    name: str,
    graph: Path,
    precision: Precision,
    checks: list[Check],
    accuracy: dict[str, Any],
) -> Manifest:
    weights = graph.with_name(WEIGHTS)
    beside = weights.is_file()
    made_with = f"opset {OPSET}, torch {torch.__version__}, onnxruntime {ort.__version__}"
    return Manifest(
        name=name,
        version=f"weights {sha256(checkpoint.folder / 'model.pt')[:8]}",
        graph=graph.name,
        sha256=sha256(graph),
        weights=WEIGHTS if beside else "",
        weights_sha256=sha256(weights) if beside else "",
        window_samples=LENGTHS[-1],
        lengths=LENGTHS,
        receptive_field=checkpoint.config.receptive_field,
        labels=LABELS,
        known=checkpoint.known,
        feature_dim=checkpoint.config.width,
        precision=precision,
        # Scales that are taken over a whole call join the rows of a batch.
        batching=precision != "int8",
        calibration=Calibration(),
        checks=tuple(checks),
        licence=LICENCE,
        accuracy=accuracy | {"made_with": made_with},
    )


def _torch_run(network: torch.nn.Module, checkpoint: Checkpoint) -> Run:
    served = Served(network, checkpoint.tokens).eval()

    def run(waves: Float32) -> tuple[Float32, Float32]:
        with torch.inference_mode():
            logits, features = served(torch.from_numpy(waves))
        return logits.numpy(), features.numpy()

    return run


def _example(source: Path) -> Path:
    """Where a hub's folder has the publisher's recording."""
    return source / "example" / "test.wav"


def _golden_checks(job: Export, checkpoint: Checkpoint, run: Run, limit: float) -> list[Check]:
    """Only the pinned model has known scores, and only with its example beside it."""
    example = _example(job.source)
    if not (checkpoint.pinned and checkpoint.name in GOLDEN and example.is_file()):
        return []
    if sha256(example) != EXAMPLE_SHA256:
        raise ExportError(f"{example}: not the publisher's example recording; fetch it again")
    samples, _ = soundfile.read(example, dtype="float32")
    return [golden_check(run, samples, GOLDEN[checkpoint.name], limit)]
