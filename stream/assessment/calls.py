"""Clips joined into calls and put through the real core: false flags an hour, spliced emotions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...models.engine import Engine
from ...models.evaluation.read import quantised
from ...models.grid import SAMPLE_RATE
from ...models.window import Float32, Frames, Window
from ..audio import Chunk
from ..decision.arrays import Float64
from ..events import Episode
from ..listener.gate import Vad
from ..listener.heard import Heard
from ..listener.listener import Listener, finish, listen
from ..pipeline import LegCore
from ..scoring import Scored, Scorer
from ..settings import DecisionSettings, StreamSettings

PAUSE_S = (0.8, 1.6)
"""Between two utterances."""
SPLICE_PAUSE_S = 1.5
"""Between two pairs of emotions: longer than the smoothing remembers."""


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


class Tape:
    """A call listened to and read once; the decision can be played again with other settings."""

    def __init__(self, call: Call, engine: Engine, vad: Vad, settings: StreamSettings) -> None:
        self._engine = engine
        self._settings = settings.for_model(engine.manifest)
        self._leg = f"assessment/{call.speaker}"
        self._seconds = len(call.wave) / SAMPLE_RATE
        listener = Listener(self._leg, SAMPLE_RATE, settings.listener)
        self._heard = _heard(call.wave, self._leg, listener, vad)
        self._answers: dict[tuple[int, int], Frames] = {}
        """By first frame and length of the window."""
        self._read = False

    def play(self, decision: DecisionSettings) -> Played:
        """Put what was heard through core and engine. Raises EngineError."""
        settings = self._settings.model_copy(update={"decision": decision})
        scorer = Scorer(LegCore(self._leg, settings, self._engine.manifest), self._ask, batch=8)
        self._engine.open(self._leg)
        steps: list[Scored] = []
        try:
            for heard in self._heard:
                steps += scorer.hear(heard)
            steps += scorer.finish()
        finally:
            self._engine.close(self._leg)
        self._read = True
        columns = [step.update.decision.settled for step in steps]
        lead = np.concatenate([column.fear - column.disgust for column in columns])
        closed = [e for step in steps for e in step.episodes if e.state == "closed"]
        return Played(seconds=self._seconds, episodes=tuple(closed), lead=lead.astype(np.float64))

    def _ask(self, windows: Sequence[Window]) -> Callable[[], list[Frames]]:
        # Windows are cut without asking the decision: a later play needs the same ones.
        keys = [(window.start_frame, len(window.samples)) for window in windows]
        if not self._read:
            self._answers |= zip(keys, self._engine.infer(windows), strict=True)
        return lambda: [self._answers[key] for key in keys]


def _heard(wave: Float32, leg: str, listener: Listener, vad: Vad) -> list[Heard]:
    found: list[Heard] = []
    for start in range(0, len(wave), SAMPLE_RATE):
        samples = wave[start : start + SAMPLE_RATE].copy()
        chunk = Chunk(leg=leg, start=start, samples=samples, captured_at=start / SAMPLE_RATE)
        found += listen([(listener, [chunk])], vad)[0]
    return [*found, *finish(listener, vad)]
