"""Whether a fresh window around a focus span tells fear from disgust better than its frames do."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from ..models.engine import Engine
from ..models.evaluation.metrics import interval
from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ..models.labels import DISGUSTED, FEARFUL
from ..models.registry import load_engine
from ..models.settings import EngineSettings
from ..models.training.augment import add_noise
from ..models.training.corpus import Clip, read_manifest
from ..models.window import Float32, Window
from ..stream.decision.focus import Spoken, clearest
from ..stream.listener.gate import Vad
from ..stream.listener.heard import quantise
from ..stream.offline import Tools, analyze
from ..stream.record.formats import SPEECH, read_npy
from ..stream.settings import RecordSettings, StreamSettings
from .bench_onset import splice
from .options import Failure

PAIR = {"fearful": FEARFUL, "disgusted": DISGUSTED}
_LENGTHS = {FEARFUL: range(20, 41, 5), DISGUSTED: range(20, 76, 5)}
"""Frames of spans tried, as the settings' defaults have them."""
_SLACK = 5.0


def run_focus(
    manifest: Path,
    model: str,
    count: int,
    *,
    snr_db: float | None,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Two-class accuracy on the focus span of spliced clips, read in both ways.

    Each clip follows three seconds of its speaker's neutral voice. The span is the clearest one of
    the label in the clip. Accuracy is fear against disgust alone, intervals (95 %) over speakers.
    The model may have learned from these clips: the difference between the two ways counts. White
    noise at `snr_db` makes it err more often, so that there is room for a difference.
    """
    engine, pairs = load_engine(EngineSettings(model=model)), list(_pairs(manifest, count))
    if not pairs:
        raise Failure(f"{manifest}: no speaker has neutral and fearful or disgusted clips")
    if engine.manifest.streaming is not None:
        raise Failure(f"model {model}: reads every frame once: there are no windows to cut afresh")
    rows: list[tuple[str, bool, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = StreamSettings(record=RecordSettings(output=Path(folder)))
        tools = Tools(engine=engine, vad=Vad(), settings=settings)
        for number, (neutral, clip) in enumerate(pairs):
            if number % 20 == 0:
                progress(f"splice {number} of {len(pairs)}")
            wave, onset = splice(neutral, clip)
            wave = wave if snr_db is None else _noisy(wave, snr_db, number)
            path = Path(folder, "splice.wav")
            soundfile.write(path, wave, SAMPLE_RATE)
            frames = read_npy(analyze(path, tools).folder / "frames.npy")
            found = _both(engine, quantise(wave), frames, onset, PAIR[clip.label])
            if found is not None:
                rows.append((clip.speaker, *found))
    return _figures(rows)


def _pairs(manifest: Path, count: int) -> Iterator[tuple[Clip, Clip]]:
    clips = [clip for clip in read_manifest(manifest) if clip.role == "eval"]
    neutral = {clip.speaker: clip for clip in clips if clip.label == "neutral"}
    wanted = [clip for clip in clips if clip.label in PAIR and clip.speaker in neutral]
    for clip in wanted[:: max(1, len(wanted) // count)][:count]:
        yield neutral[clip.speaker], clip


def _both(
    engine: Engine, wave: Float32, frames: npt.NDArray[Any], onset: int, label: int
) -> tuple[bool, bool] | None:
    """Whether the span's frames, and a fresh window's, name the label; None without a span."""
    at = onset + np.flatnonzero(frames["state"][onset:] & SPEECH)
    spoken = Spoken(frames=at, logits=frames["logits"][at], lead=np.zeros(len(at)))
    known = np.array([np.isfinite(column).any() for column in frames["scores"].T])
    span = clearest(spoken, label, known, 1.0, _LENGTHS[label], _SLACK)
    if span is None:
        return None
    fused = frames["logits"][span.start : span.end].mean(axis=0)
    window = around(wave, span.start, span.end, engine.manifest.lengths)
    if window is None:
        return None
    read = engine.infer([window])[0]
    inside = slice(max(0, span.start - read.start_frame), span.end - read.start_frame)
    return _names(fused, label), _names(read.logits[inside].mean(axis=0), label)


def _noisy(wave: Float32, snr_db: float, seed: int) -> Float32:
    rng = np.random.default_rng(seed)
    return add_noise(wave, rng.standard_normal(len(wave)).astype(np.float32), snr_db, rng)


def around(wave: Float32, start: int, stop: int, lengths: Sequence[int]) -> Window | None:
    """The shortest true window with the span [start, stop) in its middle, within the sound."""
    length = next((n for n in lengths if n >= (stop - start) * FRAME_SAMPLES), None)
    if length is None or length > len(wave):
        return None
    frames = length // FRAME_SAMPLES
    first = (start + stop - frames) // 2
    first = max(0, min(first, len(wave) // FRAME_SAMPLES - frames))
    samples = wave[first * FRAME_SAMPLES : first * FRAME_SAMPLES + length].copy()
    return Window(leg="focus", start_frame=first, samples=samples, speech=1.0, captured_at=0.0)


def _names(logits: npt.NDArray[np.floating[Any]], label: int) -> bool:
    other = DISGUSTED if label == FEARFUL else FEARFUL
    return bool(logits[label] > logits[other])


def _figures(rows: Sequence[tuple[str, bool, bool]]) -> dict[str, Any]:
    speakers = [speaker for speaker, _, _ in rows]
    ways = np.array([(fused, fresh) for _, fused, fresh in rows], np.float64)
    figures: dict[str, Any] = {"spans": len(rows), "speakers": len(set(speakers))}
    for name, column in (
        ("frames", ways[:, 0]),
        ("fresh_window", ways[:, 1]),
        ("gain", ways[:, 1] - ways[:, 0]),
    ):
        low, high = interval(lambda rows, of=column: float(of[rows].mean()), speakers)  # type: ignore[misc]
        figures[name] = f"{column.mean():.1%} [{low:.1%}, {high:.1%}]"
    return figures
