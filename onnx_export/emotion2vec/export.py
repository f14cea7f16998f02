"""`tonewatch export`: a checkpoint folder to a checked model folder, or nothing at all."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import onnxruntime as ort
import soundfile
import torch

from ...models.funasr_engine import FunasrEngine
from ...models.labels import LABELS
from ...models.manifest import MANIFEST_NAME, Calibration, Check, Licence, Manifest
from ...models.onnx_session import load_session
from ...models.window import Float32, Window
from ..errors import ExportError
from ..graph import Served, export_graph, quantise_dynamic
from ..parity import Deviation, Run, check, deviation, exact_checks, golden_check, grid
from .checkpoint import Checkpoint, build, load_checkpoint, sha256
from .pins import EXAMPLE_SHA256, GOLDEN

Precision = Literal["fp32", "int8"]
Say = Callable[[str], None]

LENGTHS: Final = (16_000, 24_000, 32_000, 48_000)
INT8_SCORES_LIMIT: Final = 0.1
"""Largest difference of an utterance score between int8 and fp32 on the check's speech."""

LICENCE: Final = Licence(
    name="FunASR Model Open Source License Agreement 1.1",
    commercial_use=False,
    notice=(
        "emotion2vec+ by ddlBoJack and the FunASR authors; its licence neither forbids nor grants "
        "commercial use: keep the name and this notice, and ask counsel before selling a service."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to export, and where to."""

    source: Path
    """A folder in FunASR's format."""
    target: Path
    """The user's model folder; the model gets a folder of its own in it."""
    name: str | None = None
    precision: Precision = "fp32"
    speech: Sequence[Float32] = ()
    """Windows of real speech [48000] for the deviation of a lower precision."""
    reference: bool = True
    """Whether to compare with FunASR itself."""


def export(job: Export, say: Say) -> Path:
    """Export, check, write the manifest; return the model folder.

    Everything is made in a temporary folder beside the target and moved at the end, so that a
    failure leaves nothing behind. Raises ExportError.
    """
    say(f"reading {job.source}")
    checkpoint = load_checkpoint(job.source, job.name)
    name = checkpoint.name if job.precision == "fp32" else f"{checkpoint.name}-{job.precision}"
    job.target.mkdir(parents=True, exist_ok=True)
    _require_space(job.target, checkpoint)
    final = job.target / name
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=job.target) as scratch:
        folder = Path(scratch, name)
        folder.mkdir()
        manifest = _make(job, checkpoint, folder, name, say)
        content = manifest.model_dump(mode="json", by_alias=True)
        (folder / MANIFEST_NAME).write_text(json.dumps(content, indent=1), encoding="utf-8")
        if final.exists():
            shutil.rmtree(final)
        folder.rename(final)
    return final


def _require_space(target: Path, checkpoint: Checkpoint) -> None:
    size = sum(tensor.numel() * 4 for tensor in checkpoint.state.values())
    free = shutil.disk_usage(target).free
    if free < 3 * size:
        raise ExportError(
            f"{target}: the export needs {3 * size / 1e9:.1f} GB, {free / 1e9:.1f} GB are free: "
            "make room, or choose another folder with --models-dir"
        )


def _make(job: Export, checkpoint: Checkpoint, folder: Path, name: str, say: Say) -> Manifest:
    network = build(checkpoint)
    full = folder / f"{name}.onnx" if job.precision == "fp32" else folder / "full.onnx"
    say("writing the graph (a minute or two)")
    export_graph(Served(network, checkpoint.tokens), full)
    say("checking the graph against the network")
    run = _session_run(full)
    checks = exact_checks(
        "graph against network", deviation(run, _torch_run(network, checkpoint), grid(LENGTHS))
    )
    if job.reference:
        say("checking the network against FunASR")
        checks += _reference_checks(job, checkpoint, run)
    checks += _golden_checks(job, checkpoint, run)
    accuracy: dict[str, object] = {}
    served = full
    if job.precision == "int8":
        say("quantising to int8")
        served, found = _int8(checkpoint, full, folder / f"{name}.onnx", job)
        accuracy["deviation_from_fp32"] = {
            "measured_on": f"{len(job.speech)} windows of speech" if job.speech else "noise",
            **{field: getattr(found, field) for field in Deviation.__dataclass_fields__},
        }
        checks.append(check("int8 against fp32: scores", found.scores, INT8_SCORES_LIMIT))
        full.unlink()
    return Manifest(
        name=name,
        version=f"opset 18, torch {torch.__version__}, onnxruntime {ort.__version__}",
        graph=served.name,
        sha256=sha256(served),
        window_samples=LENGTHS[-1],
        lengths=LENGTHS,
        receptive_field=checkpoint.config.receptive_field,
        labels=LABELS,
        known=checkpoint.known,
        feature_dim=checkpoint.config.width,
        precision=job.precision,
        batching=job.precision == "fp32",
        calibration=Calibration(),
        checks=tuple(checks),
        licence=LICENCE,
        accuracy=accuracy,
    )


def _session_run(graph: Path) -> Run:
    session, _ = load_session(graph, provider="cpu")

    def run(waves: Float32) -> tuple[Float32, Float32]:
        logits, features = session.run(["logits", "features"], {"wave": waves})
        return logits, features

    return run


def _torch_run(network: torch.nn.Module, checkpoint: Checkpoint) -> Run:
    served = Served(network, checkpoint.tokens).eval()

    def run(waves: Float32) -> tuple[Float32, Float32]:
        with torch.inference_mode():
            logits, features = served(torch.from_numpy(waves))
        return logits.numpy(), features.numpy()

    return run


def _reference_checks(job: Export, checkpoint: Checkpoint, run: Run) -> list[Check]:
    facts = Manifest(
        name=checkpoint.name,
        version="reference",
        graph="model.pt",
        window_samples=LENGTHS[-1],
        lengths=LENGTHS,
        labels=LABELS,
        known=checkpoint.known,
        feature_dim=checkpoint.config.width,
        licence=LICENCE,
    )
    engine = FunasrEngine(job.source, facts)

    def reference(waves: Float32) -> tuple[Float32, Float32]:
        answers = engine.infer(
            [
                Window(leg="parity", start_frame=0, samples=w, speech=1.0, captured_at=0.0)
                for w in waves
            ]
        )
        return np.stack([a.logits for a in answers]), np.stack([a.features for a in answers])

    return exact_checks("graph against FunASR", deviation(run, reference, grid(LENGTHS, (1, 2))))


def _golden_checks(job: Export, checkpoint: Checkpoint, run: Run) -> list[Check]:
    """Only the pinned model has known scores, and only with its example beside it."""
    example = job.source / "example" / "test.wav"
    if not (checkpoint.pinned and checkpoint.name in GOLDEN and example.is_file()):
        return []
    if sha256(example) != EXAMPLE_SHA256:
        raise ExportError(f"{example}: not the publisher's example recording; fetch it again")
    samples, _ = soundfile.read(example, dtype="float32")
    return [golden_check(run, samples, GOLDEN[checkpoint.name])]


def _int8(checkpoint: Checkpoint, full: Path, target: Path, job: Export) -> tuple[Path, Deviation]:
    config = checkpoint.config
    channels = config.conv_layers[-1][0]
    keep = {(config.width, len(checkpoint.tokens)), (channels, config.width)}
    quantise_dynamic(full, target, keep=frozenset(keep))
    waves = [wave[None] for wave in job.speech] or list(grid(LENGTHS, (1,)))
    return target, deviation(_session_run(target), _session_run(full), waves)
