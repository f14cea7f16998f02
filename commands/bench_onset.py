"""How long after the onset of an emotion its curve shows it: the second latency of "real time"."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..models.grid import FRAME_RATE, SAMPLE_RATE
from ..models.labels import LABELS, NEUTRAL
from ..models.registry import load_engine
from ..models.settings import EngineSettings
from ..models.training.corpus import Clip, read_clip, read_manifest
from ..models.window import Float32
from ..stream.listener.gate import Vad
from ..stream.offline import Tools, analyze
from ..stream.record.formats import read_npy
from ..stream.settings import RecordSettings, StreamSettings
from .options import Failure

BEFORE_S = 3.0
"""Neutral speech of the same speaker before the onset."""


def run_onset(
    manifest: Path, model: str, count: int, *, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Neutral speech, then an emotion of the same speaker; seconds from onset to crossing.

    The curve crosses when the emotion's settled score passes neutral's; a splice where it never
    does counts as missed. The model may have learned from these clips: this measures time, not
    accuracy.
    """
    engine, vad = load_engine(EngineSettings(model=model)), Vad()
    pairs = list(_pairs(read_manifest(manifest), count))
    if not pairs:
        raise Failure(f"{manifest}: no speaker has neutral and emotional clips")
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = StreamSettings(record=RecordSettings(output=Path(folder)))
        tools = Tools(engine=engine, vad=vad, settings=settings)
        for number, (neutral, emotional) in enumerate(pairs):
            if number % 20 == 0:
                progress(f"splice {number} of {len(pairs)}")
            wave, onset = splice(neutral, emotional)
            path = Path(folder, "splice.wav")
            soundfile.write(path, wave, SAMPLE_RATE)
            rows = read_npy(analyze(path, tools).folder / "frames.npy")
            label = LABELS.index(emotional.label)
            found.setdefault(emotional.label, []).append(_crossing(rows["scores"], label, onset))
    figures: dict[str, Any] = {"splices": len(pairs)}
    for name, seconds in sorted(found.items()):
        seen = [value for value in seconds if np.isfinite(value)]
        figures[f"{name}_median_s"] = float(np.median(seen)) if seen else float("nan")
        figures[f"{name}_missed"] = f"{len(seconds) - len(seen)} of {len(seconds)}"
    return figures


def _pairs(clips: Sequence[Clip], count: int) -> Iterator[tuple[Clip, Clip]]:
    """Neutral and emotional clips of one speaker, spread evenly over the manifest."""
    quiet = ("neutral", "other", "unknown")
    emotional = [clip for clip in clips if clip.role == "eval" and clip.label not in quiet]
    neutral = {clip.speaker: clip for clip in clips if clip.label == "neutral"}
    for clip in emotional[:: max(1, len(emotional) // count)][:count]:
        if clip.speaker in neutral:
            yield neutral[clip.speaker], clip


def splice(neutral: Clip, emotional: Clip) -> tuple[Float32, int]:
    """Both at one level, neutral repeated to three seconds; the wave and the onset's frame."""
    first, second = (_level(_trim(read_clip(clip.path))) for clip in (neutral, emotional))
    before = np.resize(first, int(BEFORE_S * SAMPLE_RATE))
    return np.concatenate([before, second]), int(BEFORE_S * FRAME_RATE)


def _trim(wave: Float32) -> Float32:
    """Without the silence at both ends (40 dB under the peak)."""
    loud = np.flatnonzero(np.abs(wave) > np.abs(wave).max() / 100)
    return wave[loud[0] : loud[-1] + 1]


def _level(wave: Float32) -> Float32:
    return np.asarray(0.05 * wave / np.sqrt((wave**2).mean()), np.float32)


def _crossing(scores: Any, label: int, onset: int) -> float:
    behind = scores[onset:]
    above = np.flatnonzero(behind[:, label] > behind[:, NEUTRAL])
    return float(above[0] / FRAME_RATE) if len(above) else float("inf")
