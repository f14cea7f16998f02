"""`tonewatch evaluate`: an engine on the clips of a manifest, figures to a folder.

Speakers that the model has learned from are refused by name: figures on them say nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import Engine
from ..labels import LABELS
from ..training.corpus import Clip, CorpusError, read_clip, read_manifest
from ..window import Float32
from .changes import judge_changes
from .conditions import CLEAN, Condition, grid
from .judging import among, figures_of, read_clips, robustness, truth_of
from .metrics import confusion, reliability, risk_coverage
from .read import Gate, band
from .report import draw, write_json, write_markdown

VOICES = 40
"""Clips kept for babble."""


class OverlapError(CorpusError):
    """The model has learned from speakers that it is to be judged on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What to judge on, and where to put the figures."""

    manifest: Path
    output: Path
    trained_on: Path | None = None
    """Manifest of the clips that the model learned from; by default the model's own list."""
    allow_seen: bool = False
    """Judge seen speakers all the same; the report then says so."""
    noise: Path | None = None
    """Folder of noise recordings for the grid; white noise without one."""
    robustness: bool = True
    """Read every clip under every condition: fifteen times the work."""
    splices: int = 120
    """Most recordings spliced from clips, with known changes of emotion; 0: none."""
    every: int = 1
    """Take every n-th clip alone: a quick look."""


def evaluate(
    engine: Engine, job: Evaluation, say: Callable[[str], None], gate: Gate | None = None
) -> dict[str, Any]:
    """Run it, write evaluation.json, evaluation.md and three PNGs; returns the figures.

    With a `gate` only what it takes for speech is read, as in a call; a clip in which it finds none
    counts as the first label.
    Raises CorpusError, OverlapError, EngineError.
    """
    known = [LABELS.index(label) for label in engine.manifest.known]
    clips = [clip for clip in read_manifest(job.manifest) if LABELS.index(clip.label) in known]
    clips = clips[:: job.every]
    if not clips:
        raise CorpusError(f"{job.manifest}: no clip has a label that the model knows")
    seen = seen_speakers(engine, clips, job.trained_on)
    if seen and not job.allow_seen:
        raise OverlapError(
            f"the model has learned from {len(seen)} of these speakers: {', '.join(seen)}; "
            "judge it on others, or allow seen speakers and have the report say so"
        )
    job.output.mkdir(parents=True, exist_ok=True)
    waves = [read_clip(clip.path) for clip in clips]
    temperature = engine.manifest.calibration.temperature

    def read(condition: Condition) -> Float32:
        say(f"{len(waves)} clips, {condition.name}")
        return read_clips(lambda _: engine, clips, waves, condition, gate)

    logits, truth = read(CLEAN), truth_of(clips)
    bands = [band(wave) for wave in waves]
    figures: dict[str, Any] = {
        "model": f"{engine.manifest.name} {engine.manifest.version}",
        "manifest": job.manifest.name,
        "clips": len(clips),
        "speakers": len({clip.speaker for clip in clips}),
        "seen_speakers": seen,
        "gate": gate is not None,
        **figures_of(clips, logits, temperature, engine.manifest.known, bands),
        "robustness": {},
        "changes": (
            judge_changes(lambda _: engine, clips, waves, say, job.splices) if job.splices else None
        ),
    }
    if job.robustness:
        changes = [c for c in _conditions(job, waves) if c.name != CLEAN.name]
        rows = {CLEAN.name: logits} | {c.name: read(c) for c in changes}
        figures["robustness"] = robustness(rows, clips)
    write_json(job.output, figures)
    write_markdown(job.output, figures)
    scores = among(logits, truth, temperature)
    counts = confusion(truth, scores.argmax(axis=1), len(LABELS))
    draw(
        job.output,
        [LABELS[i] for i in known],
        counts[np.ix_(known, known)],
        reliability(scores, truth),
        risk_coverage(scores, truth),
    )
    return figures


def seen_speakers(engine: Engine, clips: Sequence[Clip], trained_on: Path | None) -> list[str]:
    """Speakers of the clips that the model has learned from, as far as anybody says."""
    if trained_on is not None:
        learned = {clip.speaker for clip in read_manifest(trained_on)}
    else:
        learned = set(engine.manifest.accuracy.get("trained_speakers", ()))
    return sorted(learned & {clip.speaker for clip in clips})


def _conditions(job: Evaluation, waves: Sequence[Float32]) -> list[Condition]:
    noise: list[Float32] = []
    if job.noise is not None:
        found = sorted(path for kind in ("*.flac", "*.wav") for path in job.noise.rglob(kind))
        noise = [read_clip(path) for path in found if path.parent.name != "rir"]
        if not noise:
            raise CorpusError(f"{job.noise}: no noise recordings (FLAC, WAV) in it")
    return grid(noise, waves[:: max(1, len(waves) // VOICES)])
