"""The display temperature of any model, fitted on clips of speakers that it has not heard."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..engine import Engine
from ..labels import LABELS
from ..manifest import MANIFEST_NAME, Calibration
from ..training.corpus import Clip, CorpusError, read_clip
from ..window import Float32
from .metrics import Ints, reliability, scores_of
from .read import clip_logits

LOWEST, HIGHEST = 0.05, 50.0
"""Temperatures that are looked at."""


def temperature_of(logits: Float32, truth: Ints) -> float:
    """The temperature with the least cross-entropy for logits [n, 9] (arXiv 1706.04599).

    The cross-entropy is convex in 1 / temperature: its slope is bisected.
    """
    rows, wide = np.arange(len(truth)), logits.astype(np.float64)
    cold, hot = 1 / HIGHEST, 1 / LOWEST
    for _ in range(60):
        middle = (cold + hot) / 2
        expected = (scores_of(logits, 1 / middle) * wide).sum(axis=1)
        if (expected - wide[rows, truth]).mean() > 0:
            hot = middle
        else:
            cold = middle
    return float(2 / (cold + hot))


def calibrate(logits: Float32, truth: Ints, speakers: Sequence[str]) -> Calibration:
    """The temperature on all clips [n, 9], and its calibration error on speakers left out: that of
    one half of the speakers at the temperature of the other, both ways. Raises CorpusError."""
    names = sorted(set(speakers))
    if len(names) < 2:
        raise CorpusError("a temperature needs clips of two speakers or more")
    half = np.array([names.index(speaker) % 2 for speaker in speakers])
    errors = [
        reliability(
            scores_of(
                logits[half == side], temperature_of(logits[half != side], truth[half != side])
            ),
            truth[half == side],
        ).ece
        for side in (0, 1)
    ]
    return Calibration(
        temperature=round(temperature_of(logits, truth), 4),
        ece=round(float(np.mean(errors)), 4),
        fitted_on=f"{len(truth)} clips of {len(names)} speakers",
    )


def calibrate_on(engine: Engine, clips: Sequence[Clip]) -> Calibration:
    """Read the clips whose label the model knows. Raises CorpusError, EngineError."""
    known = [clip for clip in clips if clip.label in engine.manifest.known]
    if not known:
        raise CorpusError("no clip has a label that the model knows")
    learned = set(engine.manifest.accuracy.get("trained_speakers", ()))
    if seen := sorted(learned & {clip.speaker for clip in known}):
        raise CorpusError(
            f"the model has learned from {len(seen)} of these speakers ({', '.join(seen[:5])}): "
            "its temperature must be fitted on others"
        )
    logits = np.stack([clip_logits(engine, read_clip(clip.path)) for clip in known])
    truth = np.array([LABELS.index(clip.label) for clip in known])
    return calibrate(logits, truth, [clip.speaker for clip in known])


def keep(folder: Path, calibration: Calibration) -> None:
    """Write a calibration into the manifest of a model folder; whole or not at all."""
    path = folder / MANIFEST_NAME
    content = json.loads(path.read_text(encoding="utf-8"))
    content["calibration"] = calibration.model_dump()
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)
