"""Clips through an engine: windows as the monitor cuts them, one logit vector for each clip."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..engine import Engine
from ..grid import FRAME_SAMPLES, SAMPLE_RATE
from ..labels import LABELS
from ..window import Float32, Window

Gate = Callable[[Float32], npt.NDArray[np.bool_]]
"""Clip [N] to which of its 20 ms frames [N // 320] are speech."""

NARROW_HZ = 4000
"""What a telephone keeps."""
NARROW_DB = 50.0
"""A voice with less than this share above it is narrow."""

SPEECH_DB = 35.0
"""Frames this far under the loudest one count as pause and are left out of the mean."""
HOP_FRAMES = 75
"""Step between windows of a long clip: half of 3 s."""


def quantised(wave: Float32) -> Float32:
    """int16 steps of 1/32768 within [-1, 1): what a session has on disk."""
    return np.asarray(np.clip(np.round(wave * 32768), -32768, 32767) / 32768, np.float32)


def cut(wave: Float32, lengths: Sequence[int]) -> Iterator[tuple[int, Float32]]:
    """First frame and samples of windows over a clip [N], all of the longest length that fits.

    The last window ends with the clip. A clip shorter than every length is repeated.
    """
    if len(wave) < lengths[0]:
        wave = np.resize(wave, lengths[0])
    length = max(size for size in lengths if size <= len(wave))
    last = (len(wave) - length) // FRAME_SAMPLES
    for start in sorted({*range(0, last, HOP_FRAMES), last}):
        yield start, wave[start * FRAME_SAMPLES : start * FRAME_SAMPLES + length].copy()


def hops(wave: Float32, hop: int, delay_frames: int) -> Iterator[tuple[int, Float32]]:
    """Start frames and sound of a streaming engine's hops: the clip, then silence until its last
    frame is answered."""
    length = len(wave) + delay_frames * FRAME_SAMPLES
    padded = np.pad(wave, (0, -(-length // hop) * hop - len(wave)))
    for start in range(0, len(padded), hop):
        yield start // FRAME_SAMPLES, padded[start : start + hop].copy()


def spoken(wave: Float32, frames: int) -> npt.NDArray[np.bool_]:
    """Which of the first `frames` 20 ms frames are within SPEECH_DB of the loudest."""
    rows = np.resize(wave, max(len(wave), frames * FRAME_SAMPLES))[: frames * FRAME_SAMPLES]
    power = (rows.reshape(frames, -1).astype(np.float64) ** 2).mean(axis=1) + 1e-12
    return np.asarray(power >= power.max() * 10 ** (-SPEECH_DB / 10))


def read_frames(engine: Engine, wave: Float32, leg: str = "clip") -> tuple[Float32, Float32]:
    """Logits [F, 9] and features [F, D] of every frame of a clip [N]; where windows overlap, their
    mean."""
    streaming = engine.manifest.streaming
    if streaming is not None:
        cuts = list(hops(quantised(wave), engine.manifest.lengths[0], streaming.delay_frames))
    else:
        cuts = list(cut(quantised(wave), engine.manifest.lengths))
    engine.open(leg)
    try:
        answers = engine.infer(
            [
                Window(leg=leg, start_frame=start, samples=part, speech=1.0, captured_at=0.0)
                for start, part in cuts
            ]
        )
    finally:
        engine.close(leg)
    count = max(answer.stop_frame for answer in answers)
    seen = np.zeros((count, 1))
    logits = np.zeros((count, len(LABELS)))
    features = np.zeros((count, answers[0].features.shape[1]))
    for answer in answers:
        logits[answer.start_frame : answer.stop_frame] += answer.logits
        features[answer.start_frame : answer.stop_frame] += answer.features
        seen[answer.start_frame : answer.stop_frame] += 1
    # Behind the clip lies the silence that brought a streaming engine's last frames.
    heard = max(1, len(wave) // FRAME_SAMPLES) if streaming is not None else count
    seen = np.maximum(seen, 1)
    means = (np.asarray((rows / seen)[:heard], np.float32) for rows in (logits, features))
    return next(means), next(means)


def frame_logits(engine: Engine, wave: Float32, leg: str = "clip") -> Float32:
    """Logits [F, 9] of every frame of a clip [N]."""
    return read_frames(engine, wave, leg)[0]


def clip_logits(
    engine: Engine, wave: Float32, leg: str = "clip", gate: Gate | None = None
) -> Float32:
    """The clip's logits [9]: the mean over its speech frames, as the gate says or else by level;
    zeros where the gate hears nobody."""
    logits = frame_logits(engine, wave, leg)
    speech = spoken(wave, len(logits))
    if gate is not None:
        found = gate(quantised(wave))
        speech = np.resize(found, len(logits)) if len(found) else np.zeros(len(logits), np.bool_)
        if not speech.any():
            return np.zeros(len(LABELS), np.float32)
    return np.asarray(logits[speech].mean(axis=0), np.float32)


def band(wave: Float32) -> str:
    """`narrow` for a clip [N] with next to nothing above 4 kHz, else `wide`."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    above = power[int(len(power) * NARROW_HZ / (SAMPLE_RATE / 2) * 1.05) :].sum()
    return "narrow" if above < power.sum() * 10 ** (-NARROW_DB / 10) else "wide"
