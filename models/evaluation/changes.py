"""Recordings spliced from clips, so that the moment at which the emotion changes is known: how much
of the time the curve is wrong (emotion diarisation error) and how long it takes to follow.

The curve is the live one: each frame as it was first shown, smoothed over what came before alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine import Engine
from ..grid import FRAME_RATE, FRAME_SAMPLES
from ..labels import LABELS, NEUTRAL
from ..training.corpus import Clip
from ..window import Float32, Window
from .judging import EngineOf
from .metrics import interval
from .read import hops, quantised, spoken

Ints = npt.NDArray[np.int64]
SMOOTH = 30
"""Newest frames of speech that a reading is the mean of: 0.6 s, as the monitor's."""
HELD = 12
"""Frames for which a label must stay on top to count as found: 0.24 s."""
NOBODY = -1
"""Truth of frames in which nobody speaks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spliced:
    """Neutral speech, an emotion, neutral speech again; one speaker."""

    wave: Float32
    truth: Ints
    """Shape [F]: number of the label of each frame, NOBODY in pauses."""
    label: int
    """The emotion between."""
    start: int
    """Its first frame of speech."""
    row: int = 0
    """The clip between, among those that were spliced."""


def splices(
    clips: Sequence[Clip], waves: Sequence[Float32], known: Sequence[int], most: int, seed: int = 0
) -> list[Spliced]:
    """At most `most`, as many of one emotion as of another as far as there are clips: for each clip
    of an emotion two neutral ones of its speaker, drawn by `seed`."""
    rng = np.random.default_rng(seed)
    neutral: dict[str, list[int]] = {}
    emotions: dict[int, list[int]] = {}
    for row, clip in enumerate(clips):
        label = LABELS.index(clip.label)
        if label == NEUTRAL:
            neutral.setdefault(clip.speaker, []).append(row)
        elif label in known:
            emotions.setdefault(label, []).append(row)
    found = []
    for label, rows in sorted(emotions.items()):
        usable = [row for row in rows if clips[row].speaker in neutral]
        share = -(-most // max(1, len(emotions)))
        for row in rng.permutation(usable)[:share] if usable else []:
            before, after = rng.choice(neutral[clips[int(row)].speaker], 2)
            parts = [waves[int(before)], waves[int(row)], waves[int(after)]]
            found.append(_join(parts, [NEUTRAL, label, NEUTRAL], int(row)))
    return found[:most]


def _join(parts: Sequence[Float32], labels: Sequence[int], row: int) -> Spliced:
    whole = [part[: len(part) // FRAME_SAMPLES * FRAME_SAMPLES] for part in parts]
    truth = [
        np.where(spoken(part, len(part) // FRAME_SAMPLES), label, NOBODY)
        for part, label in zip(whole, labels, strict=True)
    ]
    first = len(truth[0]) + int(np.flatnonzero(truth[1] != NOBODY)[0])
    return Spliced(
        wave=np.concatenate(whole),
        truth=np.concatenate(truth).astype(np.int64),
        label=labels[1],
        start=first,
        row=row,
    )


def live_logits(engine: Engine, wave: Float32) -> tuple[Float32, Ints]:
    """Logits [F, 9] of each frame as first shown, and the frame [F] by whose end it was shown."""
    streaming, hop = engine.manifest.streaming, engine.manifest.hop_frames
    count = len(wave) // FRAME_SAMPLES
    if streaming is not None:
        cuts = list(hops(quantised(wave), hop * FRAME_SAMPLES, streaming.delay_frames))
    else:
        cuts = list(_newest(quantised(wave), engine.manifest.lengths, hop))
    logits, shown = np.zeros((count, len(LABELS)), np.float32), np.full(count, NOBODY)
    engine.open("changes")
    try:
        answers = engine.infer(
            [
                Window(leg="changes", start_frame=s, samples=part, speech=1.0, captured_at=0.0)
                for s, part in cuts
            ]
        )
    finally:
        engine.close("changes")
    for (start, part), answer in zip(cuts, answers, strict=True):
        at = np.arange(answer.start_frame, answer.stop_frame)
        new = (at < count) & (at >= 0)
        new[new] = shown[at[new]] == NOBODY
        logits[at[new]] = answer.logits[new]
        shown[at[new]] = start + len(part) // FRAME_SAMPLES
    return logits, shown


def _newest(wave: Float32, lengths: Sequence[int], hop: int) -> Any:
    """Windows that end at every hop, the longest that fit."""
    frames = len(wave) // FRAME_SAMPLES
    for end in sorted({*range(hop, frames, hop), frames}):
        fitting = [size for size in lengths if size <= end * FRAME_SAMPLES]
        if fitting:
            start = end - fitting[-1] // FRAME_SAMPLES
            yield start, wave[start * FRAME_SAMPLES : end * FRAME_SAMPLES].copy()


def readings(logits: Float32, truth: Ints) -> Ints:
    """The label [F] on top of the mean over the newest SMOOTH frames of speech."""
    answers = np.full(len(truth), NOBODY)
    speech = np.flatnonzero(truth != NOBODY)
    sums = np.cumsum(logits[speech].astype(np.float64), axis=0)
    sums[SMOOTH:] -= sums[:-SMOOTH].copy()
    answers[speech] = sums.argmax(axis=1)
    return answers


def diarisation(truth: Ints, answers: Ints) -> dict[str, float]:
    """Shares of speech: emotion read as neutral, neutral read as emotion, one emotion as another;
    their sum is the emotion diarisation error rate (arXiv 2306.12991), here of all speech."""
    speech = truth != NOBODY
    emotion, said = truth[speech] != NEUTRAL, answers[speech] != NEUTRAL
    parts = {
        "missed": emotion & ~said,
        "false_alarm": ~emotion & said,
        "confused": emotion & said & (truth[speech] != answers[speech]),
    }
    shares = {name: float(rows.mean()) for name, rows in parts.items()}
    return {"eder": sum(shares.values())} | shares


def onset(spliced: Spliced, answers: Ints, shown: Ints) -> float | None:
    """Seconds from the change to the moment at which the emotion has been shown on top for HELD
    frames of speech; None where it never is while it lasts."""
    rows = np.flatnonzero(spliced.truth == spliced.label)
    right = (answers[rows] == spliced.label).astype(int)
    runs = np.convolve(right, np.ones(HELD, int), "valid") if len(right) >= HELD else np.zeros(0)
    whole = np.flatnonzero(runs == HELD)
    if not len(whole):
        return None
    return float((shown[rows[whole[0] + HELD - 1]] - spliced.start) / FRAME_RATE)


def judge_changes(
    engine_of: EngineOf,
    clips: Sequence[Clip],
    waves: Sequence[Float32],
    say: Callable[[str], None],
    most: int = 120,
) -> dict[str, Any] | None:
    """Error rates over all splices in percent, with the 95 % interval over speakers, and onsets by
    emotion in seconds; None where no speaker has both neutral and emotional clips."""
    labels = engine_of(clips[0]).manifest.known
    known = [LABELS.index(label) for label in labels]
    found = splices(clips, waves, known, most)
    if not found or NEUTRAL not in known:
        return None
    say(f"{len(found)} splices with known changes")
    truths, answers = [], []
    onsets: dict[int, list[float | None]] = {}
    unknown = np.setdiff1d(np.arange(len(LABELS)), known)
    for spliced in found:
        logits, shown = live_logits(engine_of(clips[spliced.row]), spliced.wave)
        logits[:, unknown] = -1e4
        # The first second of a leg is shown once enough was heard: nothing stands there before.
        truth = np.where(shown == NOBODY, NOBODY, spliced.truth)
        told = readings(logits, truth)
        truths.append(truth)
        answers.append(told)
        onsets.setdefault(spliced.label, []).append(onset(spliced, told, shown))

    def eder(rows: Ints) -> float:
        of = [(truths[int(i)], answers[int(i)]) for i in rows]
        return diarisation(*(np.concatenate(side) for side in zip(*of, strict=True)))["eder"]

    rates = diarisation(np.concatenate(truths), np.concatenate(answers))
    ends = interval(eder, [clips[spliced.row].speaker for spliced in found], draws=300)
    return {
        "splices": len(found),
        **{name: round(100 * value, 1) for name, value in rates.items()},
        "eder_interval": [round(100 * end, 1) for end in ends],
        "onsets": {LABELS[label]: _row(times) for label, times in sorted(onsets.items())},
    }


def _row(times: Sequence[float | None]) -> dict[str, Any]:
    seconds = [time for time in times if time is not None]
    median, late = np.quantile(seconds, [0.5, 0.9]) if seconds else (None, None)
    return {
        "splices": len(times),
        "found": round(100 * len(seconds) / len(times), 1),
        "median_s": None if median is None else round(float(median), 2),
        "p90_s": None if late is None else round(float(late), 2),
    }
