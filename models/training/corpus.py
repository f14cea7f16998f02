"""Labelled clips: the manifest that every corpus is brought to."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ..grid import SAMPLE_RATE
from ..labels import LABELS, Label
from ..window import Float32


class CorpusError(ValueError):
    """A manifest or a clip is wrong; the message names file and row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One labelled recording."""

    path: Path
    corpus: str
    speaker: str
    """Unique over all corpora."""
    label: Label
    gender: str = ""
    language: str = ""
    licence: str = ""
    role: str = "eval"
    """`eval`: results may be reported on it; `train`: for training alone."""


def read_manifest(path: Path) -> list[Clip]:
    """Rows of a CSV with at least path, corpus, speaker, label. Raises CorpusError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error
    missing = {"path", "corpus", "speaker", "label"} - set(rows[0] if rows else {})
    if missing:
        raise CorpusError(f"{path}: no rows, or columns missing: {', '.join(sorted(missing))}")
    clips = []
    for number, row in enumerate(rows, 2):
        if row["label"] not in LABELS:
            raise CorpusError(f"{path}: row {number}: {row['label']!r} is no label")
        clips.append(
            Clip(
                path=path.parent / row["path"],
                corpus=row["corpus"],
                speaker=row["speaker"],
                label=next(label for label in LABELS if label == row["label"]),
                gender=row.get("gender") or "",
                language=row.get("language") or "",
                licence=row.get("license") or row.get("licence") or "",
                role=row.get("role") or "eval",
            )
        )
    return clips


def read_clip(path: Path) -> Float32:
    """Samples [N] at 16 kHz, channels averaged. Raises CorpusError."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise CorpusError(f"{path}: not a recording that can be read: {error}") from error
    mono = samples.mean(axis=1)
    return np.asarray(
        mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE), np.float32
    )
