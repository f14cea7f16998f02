"""The figures of an evaluation: clips of which each is read by an engine that may judge it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import Engine
from ..labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL, Label
from ..training.corpus import Clip
from ..window import Float32
from .conditions import Condition
from .metrics import (
    Floats,
    Ints,
    confidence_at,
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
from .read import Gate, clip_logits

EngineOf = Callable[[Clip], Engine]
"""Who reads a clip: the model that is judged or, where it was made in folds, the one that has not
learned from the clip's speaker."""

SHARES = (10, 25, 50, 60, 70, 75, 80, 90, 100)
"""Percent of the clips that are answered, where the least sure are called unknown."""


def truth_of(clips: Sequence[Clip]) -> Ints:
    """Label numbers [n]."""
    return np.array([LABELS.index(clip.label) for clip in clips], np.int64)


def read_clips(
    engine_of: EngineOf,
    clips: Sequence[Clip],
    waves: Sequence[Float32],
    condition: Condition,
    gate: Gate | None = None,
) -> Float32:
    """Logits [n, 9]; a clip is changed in the same way in every run."""
    return np.stack(
        [
            clip_logits(
                engine_of(clip), condition.change(wave, np.random.default_rng(number)), gate=gate
            )
            for number, (clip, wave) in enumerate(zip(clips, waves, strict=True))
        ]
    )


def figures_of(
    clips: Sequence[Clip],
    logits: Float32,
    temperature: float,
    known: Sequence[Label],
    bands: Sequence[str] = (),
) -> dict[str, Any]:
    """What logits [n, 9] say of clips: groups, confusion, rivals, risk_coverage, unknown_below,
    reliability.

    `bands` are the clips' bandwidths, where they were asked for. Percent, but for counts,
    `unknown_below` (the confidence under which so much must be called unknown) and `reliability`
    (mean confidence and share right of bins of confidence, and their share of the clips).
    """
    truth = truth_of(clips)
    scores = among(logits, truth, temperature)
    coverage, risk = risk_coverage(scores, truth)
    counts = confusion(truth, scores.argmax(axis=1), len(LABELS))
    bins = reliability(scores, truth)
    return {
        "groups": _groups(clips, logits, truth, temperature, bands),
        "confusion": {
            LABELS[row]: {label: int(counts[row, LABELS.index(label)]) for label in known}
            for row in sorted(set(truth.tolist()))
        },
        "rivals": _rivals(logits, truth),
        "risk_coverage": {
            f"{share} %": percent(error_at(coverage, risk, share / 100)) for share in SHARES
        },
        "unknown_below": {
            f"{share} %": round(confidence_at(scores, share / 100), 2) for share in SHARES
        },
        "reliability": {
            "confidence": bins.confidence.round(3).tolist(),
            "accuracy": bins.accuracy.round(3).tolist(),
            "share": bins.share.round(4).tolist(),
        },
    }


def among(logits: Float32, truth: Ints, temperature: float) -> Floats:
    """Scores over the labels that occur: a label that a corpus lacks is no possible answer."""
    absent = np.setdiff1d(np.arange(len(LABELS)), truth)
    logits = logits.copy()
    logits[:, absent] = -1e4
    return scores_of(logits, temperature)


def percent(value: float) -> float:
    """A share in percent, to a tenth."""
    return round(100 * value, 1)


def robustness(found: Mapping[str, Float32], clips: Sequence[Clip]) -> dict[str, Any]:
    """UAR under each condition, and what it is above that of the first, clean, with the 95 %
    interval over speakers."""
    truth, speakers = truth_of(clips), [clip.speaker for clip in clips]
    answers = {name: among(rows, truth, 1.0).argmax(axis=1) for name, rows in found.items()}
    clean = next(iter(answers.values()))

    def recall(answer: Ints, rows: Ints) -> float:
        return uar(confusion(truth[rows], answer[rows], len(LABELS)))

    def above_clean(answer: Ints) -> Callable[[Ints], float]:
        return lambda rows: recall(answer, rows) - recall(clean, rows)

    everything = np.arange(len(truth))
    told = {}
    for name, answer in answers.items():
        ends = interval(above_clean(answer), speakers)
        value, before = (percent(recall(one, everything)) for one in (answer, clean))
        told[name] = {
            "uar": value,
            "change": round(value - before, 1),
            "change_interval": [percent(end) for end in ends],
        }
    return told


def _groups(
    clips: Sequence[Clip],
    logits: Float32,
    truth: Ints,
    temperature: float,
    bands: Sequence[str],
) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    columns = {
        "all": ["all"] * len(clips),
        **{
            title: [str(getattr(clip, title)) for clip in clips]
            for title in ("corpus", "language", "gender")
        },
        "band": list(bands),
    }
    for title, names in columns.items():
        for name in sorted(set(names) - {""}):
            rows = [i for i, found in enumerate(names) if found == name]
            speakers = [clips[i].speaker for i in rows]
            row = _row(logits[rows], truth[rows], speakers, temperature)
            groups.setdefault(title, {})[name] = row
    return groups


def _row(
    logits: Float32, truth: Ints, speakers: Sequence[str], temperature: float
) -> dict[str, Any]:
    scores = among(logits, truth, temperature)
    answers = scores.argmax(axis=1)
    counts = confusion(truth, answers, len(LABELS))
    low, high = interval(
        lambda rows: uar(confusion(truth[rows], answers[rows], len(LABELS))), speakers
    )
    return {
        "clips": len(truth),
        "speakers": len(set(speakers)),
        "uar": percent(uar(counts)),
        "uar_interval": [percent(low), percent(high)],
        "wa": percent(weighted_accuracy(counts)),
        "macro_f1": percent(macro_f1(counts)),
        "ece": percent(reliability(scores, truth).ece),
    }


def _rivals(logits: Float32, truth: Ints) -> dict[str, Any] | None:
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
        "two_class_accuracy": percent(float((right == truth[two]).mean())),
    }
