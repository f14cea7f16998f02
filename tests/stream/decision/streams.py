"""Fake fused logits: streams whose answer is known, and a way to push them in any pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from tonewatch.stream.decision import Decision, ReadingColumns
from tonewatch.stream.decision.arrays import Bool
from tonewatch.stream.events import Episode
from tonewatch.stream.settings import DecisionSettings
from tonewatch.stream.track import Fused

QUICK = DecisionSettings(smooth_ms=20)
"""No smoothing, so that a frame's condition is its own."""

SHAPES: dict[str, dict[int, float]] = {
    "calm": {NEUTRAL: 0.97},
    "review": {FEARFUL: 0.60, DISGUSTED: 0.30},
    "dual": {FEARFUL: 0.50, DISGUSTED: 0.45},
    "lost": {NEUTRAL: 0.45, FEARFUL: 0.38, DISGUSTED: 0.05},
    "fear": {FEARFUL: 0.85, DISGUSTED: 0.05},
    "disgust": {FEARFUL: 0.05, DISGUSTED: 0.85},
}


def logits_of(shares: dict[int, float]) -> np.ndarray:
    """Logits [9] whose softmax has these probabilities; the rest is spread over the others."""
    p = np.zeros(len(LABELS))
    for index, share in shares.items():
        p[index] = share
    p[p == 0] = (1 - p.sum()) / (p == 0).sum()
    return np.log(p)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """Frames of one leg from frame 0."""

    logits: np.ndarray
    speech: Bool
    valid: Bool

    def __len__(self) -> int:
        return len(self.speech)


def script(*parts: tuple[str, int]) -> Stream:
    """A stream of (shape, frames); the shape `pause` is silence."""
    rows, speech = [], []
    for name, count in parts:
        shape = SHAPES["calm" if name == "pause" else name]
        rows.append(np.tile(logits_of(shape), (count, 1)))
        speech += [name != "pause"] * count
    return Stream(
        logits=np.concatenate(rows).astype(np.float32),
        speech=np.array(speech),
        valid=np.ones(len(speech), bool),
    )


def random_stream(seed: int, length: int) -> Stream:
    """Wandering logits with pauses and holes; fear and disgust are often close."""
    rng = np.random.default_rng(seed)
    walk = rng.normal(0, 0.3, (length, len(LABELS)))
    for frame in range(1, length):
        walk[frame] += 0.97 * walk[frame - 1]
    walk[:, FEARFUL] += 3
    walk[:, DISGUSTED] = walk[:, FEARFUL] + 0.6 * walk[:, DISGUSTED]
    turns = np.cumsum(rng.random(length) < 0.03) % 2 == 0
    return Stream(
        logits=(walk * rng.choice([0.7, 1.0, 5.0])).astype(np.float32),
        speech=turns,
        valid=rng.random(length) > 0.02,
    )


def fused(stream: Stream, start: int, stop: int, shift: float = 0.0) -> Fused:
    """Frames [start, stop) of a stream; `shift` moves the logits as a provisional guess would."""
    return Fused(
        start_frame=start,
        logits=(stream.logits[start:stop] + np.float32(shift)).copy(),
        valid=stream.valid[start:stop].copy(),
        features=None,
    )


def no_frames(start: int) -> Fused:
    """Nothing."""
    return Fused(
        start_frame=start,
        logits=np.zeros((0, len(LABELS)), np.float32),
        valid=np.zeros(0, bool),
        features=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """All that a decision said."""

    columns: tuple[ReadingColumns, ...]
    episodes: tuple[Episode, ...]
    decision: Decision

    def joined(self) -> dict[str, np.ndarray]:
        """The settled columns end to end."""
        names = ("scores", "fear", "disgust", "emotion", "confidence", "valid", "logits")
        return {
            name: np.concatenate([getattr(part, name) for part in self.columns]) for name in names
        }

    @property
    def flags(self) -> list[Episode]:
        """The last word on each episode."""
        return list({episode.id: episode for episode in self.episodes}.values())


def decide(
    stream: Stream,
    settings: DecisionSettings = QUICK,
    *,
    cuts: Sequence[int] = (),
    ahead: int = 0,
    known: Sequence[str] = LABELS,
    temperature: float = 1.0,
    poor: str = "",
) -> Run:
    """Push a stream cut at `cuts`, with `ahead` provisional frames behind each piece."""
    decision = Decision("customer", settings, temperature, known)
    bounds = [0, *sorted(cuts), len(stream)]
    columns, episodes = [], []
    for start, stop in pairwise(bounds):
        end = min(len(stream), stop + ahead)
        update = decision.push(
            fused(stream, start, stop),
            fused(stream, stop, end, shift=0.25),
            stream.speech[start:stop],
            stream.speech[stop:end],
            poor,
        )
        columns.append(update.settled)
        episodes.extend(update.episodes)
    episodes.extend(decision.finish())
    return Run(columns=tuple(columns), episodes=tuple(episodes), decision=decision)
