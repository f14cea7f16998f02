"""Clips joined into calls and put through the real core: false flags an hour, spliced emotions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...models.engine import Engine
from ...models.evaluation.read import quantised
from ...models.grid import SAMPLE_RATE, frames_to_seconds
from ...models.window import Float32
from ..audio import Chunk
from ..decision.arrays import Float64
from ..events import Episode
from ..listener.gate import Vad
from ..listener.heard import Heard
from ..listener.listener import Listener, finish, listen
from ..pipeline import LegCore
from ..scoring import Scored, Scorer, at_once
from ..settings import StreamSettings

PAUSE_S = (0.8, 1.6)
"""Between two utterances."""
SPLICE_PAUSE_S = 1.5
"""Between two pairs of emotions: longer than the smoothing remembers."""
FEAR_S, DISGUST_S, SLACK_S = 0.5, 1.5, 0.3
"""After this long people recognise fear and disgust (gating studies); what is added to it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Call:
    """Utterances of one speaker, one after another."""

    speaker: str
    wave: Float32
    """[N] at 16 kHz."""
    spans: tuple[tuple[float, float], ...]
    """Start and end of each utterance, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """What came of a call."""

    seconds: float
    episodes: tuple[Episode, ...]
    """As they closed."""
    lead: Float64
    """[frames] smoothed fear - disgust in points; NaN where nothing was read."""


def join(speaker: str, waves: Sequence[Float32], pauses: Callable[[int], float]) -> Call:
    """A call of the waves; `pauses(i)` are the seconds of near silence behind the i-th."""
    noise = np.random.default_rng(0)
    pieces: list[Float32] = []
    spans = []
    at = 0
    for number, wave in enumerate([np.zeros(0, np.float32), *waves]):
        silence = noise.standard_normal(round(SAMPLE_RATE * pauses(number - 1))) * 1e-4
        pieces += [wave, silence.astype(np.float32)]
        if number:
            spans.append((at / SAMPLE_RATE, (at + len(wave)) / SAMPLE_RATE))
        at += len(wave) + len(silence)
    return Call(speaker=speaker, wave=quantised(np.concatenate(pieces)), spans=tuple(spans))


def play(call: Call, engine: Engine, vad: Vad, settings: StreamSettings) -> Played:
    """Put a call through listener, core and engine. Raises EngineError."""
    settings = settings.for_model(engine.manifest)
    leg = f"assessment/{call.speaker}"
    listener = Listener(leg, SAMPLE_RATE, settings.listener)
    scorer = Scorer(LegCore(leg, settings, engine.manifest), at_once(engine), batch=8)
    engine.open(leg)
    steps: list[Scored] = []
    try:
        for heard in _heard(call.wave, leg, listener, vad):
            steps += scorer.hear(heard)
        steps += scorer.finish()
    finally:
        engine.close(leg)
    columns = [step.update.decision.settled for step in steps]
    lead = np.concatenate([column.fear - column.disgust for column in columns])
    closed = [e for step in steps for e in step.episodes if e.state == "closed"]
    return Played(
        seconds=len(call.wave) / SAMPLE_RATE, episodes=tuple(closed), lead=lead.astype(np.float64)
    )


def _heard(wave: Float32, leg: str, listener: Listener, vad: Vad) -> list[Heard]:
    found: list[Heard] = []
    for start in range(0, len(wave), SAMPLE_RATE):
        samples = wave[start : start + SAMPLE_RATE].copy()
        chunk = Chunk(leg=leg, start=start, samples=samples, captured_at=start / SAMPLE_RATE)
        found += listen([(listener, [chunk])], vad)[0]
    return [*found, *finish(listener, vad)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """When one spliced emotion was the stronger of the two."""

    emotion: str
    after_s: float | None
    """Seconds of the utterance, from its first frame that was read, after which its curve went
    ahead and stayed there for 0.2 s; None if it never did before the utterance ended."""

    @property
    def in_time(self) -> bool:
        """Within SLACK_S of when people can tell."""
        limit = (FEAR_S if self.emotion == "fearful" else DISGUST_S) + SLACK_S
        return self.after_s is not None and self.after_s <= limit


def onsets(call: Call, played: Played) -> list[Onset]:
    """Of a call whose utterances are fear, disgust, fear, disgust and so on."""
    hold = 10
    found = []
    for number, (start, end) in enumerate(call.spans):
        emotion = "disgusted" if number % 2 else "fearful"
        sign = -1 if number % 2 else 1
        first, last = (round(second * 50) for second in (start, end))
        spoken = played.lead[first:last] * sign
        places = np.flatnonzero(~np.isnan(spoken))
        ahead = spoken[places] > 0
        run = np.convolve(ahead, np.ones(hold), "valid") == hold if len(ahead) >= hold else ahead
        at = int(np.flatnonzero(run)[0]) if run.any() else None
        after = None if at is None else frames_to_seconds(int(places[at] - places[0]))
        found.append(Onset(emotion=emotion, after_s=after))
    return found
