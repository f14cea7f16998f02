"""`tonewatch evaluate`: an engine on the clips of a manifest, figures to a folder.

Speakers that the model has learned from are refused by name: figures on them say nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import Engine
from ..labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from ..training.corpus import Clip, CorpusError, read_clip, read_manifest
from ..window import Float32
from .changes import judge_changes
from .conditions import CLEAN, Condition, grid
from .metrics import (
    Ints,
    confusion,
    error_at,
    interval,
    macro_f1,
    reliability,
    risk_coverage,
    scores_of,
    uar,
    weighted_accuracy,
)
from .read import Gate, band, clip_logits
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
    logits = _read(engine, waves, CLEAN, say, gate)
    truth = np.array([LABELS.index(clip.label) for clip in clips])
    scores = _among(logits, truth, engine.manifest.calibration.temperature)
    coverage, risk = risk_coverage(scores, truth)
    counts = confusion(truth, scores.argmax(axis=1), len(LABELS))
    figures: dict[str, Any] = {
        "model": f"{engine.manifest.name} {engine.manifest.version}",
        "manifest": job.manifest.name,
        "clips": len(clips),
        "speakers": len({clip.speaker for clip in clips}),
        "seen_speakers": seen,
        "gate": gate is not None,
        "groups": _groups(clips, waves, logits, truth, engine.manifest.calibration.temperature),
        "confusion": {
            LABELS[row]: {LABELS[column]: int(counts[row, column]) for column in known}
            for row in sorted(set(truth.tolist()))
        },
        "rivals": _rivals(logits, truth),
        "risk_coverage": {
            f"{share} %": _percent(error_at(coverage, risk, share / 100))
            for share in (25, 50, 75, 90, 100)
        },
        "robustness": {},
        "changes": judge_changes(engine, clips, waves, say, job.splices) if job.splices else None,
    }
    if job.robustness:
        changes = [c for c in _conditions(job, waves) if c.name != CLEAN.name]
        rows = {c.name: _read(engine, waves, c, say, gate) for c in changes}
        figures["robustness"] = _robustness({CLEAN.name: logits} | rows, truth)
    write_json(job.output, figures)
    write_markdown(job.output, figures)
    shown = [LABELS[i] for i in known]
    draw(
        job.output,
        shown,
        counts[np.ix_(known, known)],
        reliability(scores, truth),
        (coverage, risk),
    )
    return figures


def seen_speakers(engine: Engine, clips: Sequence[Clip], trained_on: Path | None) -> list[str]:
    """Speakers of the clips that the model has learned from, as far as anybody says."""
    if trained_on is not None:
        learned = {clip.speaker for clip in read_manifest(trained_on)}
    else:
        learned = set(engine.manifest.accuracy.get("trained_speakers", ()))
    return sorted(learned & {clip.speaker for clip in clips})


def _percent(value: float) -> float:
    return round(100 * value, 1)


def _read(
    engine: Engine,
    waves: Sequence[Float32],
    condition: Condition,
    say: Callable[[str], None],
    gate: Gate | None,
) -> Float32:
    """Logits [n, 9]; a clip is changed in the same way in every run."""
    say(f"{len(waves)} clips, {condition.name}")
    return np.stack(
        [
            clip_logits(engine, condition.change(wave, np.random.default_rng(number)), gate=gate)
            for number, wave in enumerate(waves)
        ]
    )


def _among(logits: Float32, truth: Ints, temperature: float) -> np.ndarray[Any, Any]:
    """Scores over the labels that occur: a label that a corpus lacks is no possible answer."""
    absent = np.setdiff1d(np.arange(len(LABELS)), truth)
    logits = logits.copy()
    logits[:, absent] = -1e4
    return scores_of(logits, temperature)


def _row(logits: Float32, truth: Ints, speakers: Sequence[str], temperature: float) -> Any:
    scores = _among(logits, truth, temperature)
    answers = scores.argmax(axis=1)
    counts = confusion(truth, answers, len(LABELS))
    low, high = interval(
        lambda rows: uar(confusion(truth[rows], answers[rows], len(LABELS))), speakers
    )
    return {
        "clips": len(truth),
        "speakers": len(set(speakers)),
        "uar": _percent(uar(counts)),
        "uar_interval": [_percent(low), _percent(high)],
        "wa": _percent(weighted_accuracy(counts)),
        "macro_f1": _percent(macro_f1(counts)),
        "ece": _percent(reliability(scores, truth).ece),
    }


def _groups(
    clips: Sequence[Clip],
    waves: Sequence[Float32],
    logits: Float32,
    truth: Ints,
    temperature: float,
) -> Any:
    groups: dict[str, dict[str, Any]] = {}
    columns = {
        "all": ["all"] * len(clips),
        **{
            title: [str(getattr(clip, title)) for clip in clips]
            for title in ("corpus", "language", "gender")
        },
        "band": [band(wave) for wave in waves],
    }
    for title, names in columns.items():
        for name in sorted(set(names) - {""}):
            rows = [i for i, found in enumerate(names) if found == name]
            speakers = [clips[i].speaker for i in rows]
            row = _row(logits[rows], truth[rows], speakers, temperature)
            groups.setdefault(title, {})[name] = row
    return groups


def _rivals(logits: Float32, truth: Ints) -> Any:
    """Fear, disgust and neutral among themselves; None where a clip of one is missing."""
    three = [FEARFUL, DISGUSTED, NEUTRAL]
    if not set(three) <= set(truth.tolist()):
        return None
    rows = np.isin(truth, three)
    answers = np.array(three)[logits[rows][:, three].argmax(axis=1)]
    counts = confusion(truth[rows], answers, len(LABELS))
    two = np.isin(truth, three[:2])
    right = np.where(logits[two, FEARFUL] > logits[two, DISGUSTED], FEARFUL, DISGUSTED)
    return {
        "confusion": {
            LABELS[row]: {LABELS[column]: int(counts[row, column]) for column in three}
            for row in three
        },
        "two_class_accuracy": _percent(float((right == truth[two]).mean())),
    }


def _conditions(job: Evaluation, waves: Sequence[Float32]) -> list[Condition]:
    noise: list[Float32] = []
    if job.noise is not None:
        found = sorted(path for kind in ("*.flac", "*.wav") for path in job.noise.rglob(kind))
        noise = [read_clip(path) for path in found if path.parent.name != "rir"]
        if not noise:
            raise CorpusError(f"{job.noise}: no noise recordings (FLAC, WAV) in it")
    return grid(noise, waves[:: max(1, len(waves) // VOICES)])


def _robustness(found: Mapping[str, Float32], truth: Ints) -> Any:
    """UAR under each condition, and what it is above clean (the first)."""
    rows: dict[str, Any] = {}
    for name, logits in found.items():
        answers = _among(logits, truth, 1.0).argmax(axis=1)
        value = _percent(uar(confusion(truth, answers, len(LABELS))))
        clean = next(iter(rows.values()))["uar"] if rows else value
        rows[name] = {"uar": value, "change": round(value - clean, 1)}
    return rows
