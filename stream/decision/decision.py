"""The decision on one leg: fused logits in, readings and episodes out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...models.centres import Compass
from ...models.labels import LABELS, Label
from ...models.window import Float32
from ..events import Episode, Scene
from ..settings import DecisionSettings
from ..track import Fused
from .arrays import Bool, Float64, chosen
from .episodes import Episodes
from .evidence.ear import Ear
from .focus import Focuser, Spoken
from .history import History
from .readings import ReadingColumns, columns, judge
from .rivals import Standing, above_floors, softmax
from .scene.scenes import profiled, shift_of
from .smoothing import Smoother
from .summary import Summary, Total
from .tie_break import TieBreaker
from .times import frames_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionUpdate:
    """What one push decided."""

    settled: ReadingColumns
    provisional: ReadingColumns
    episodes: tuple[Episode, ...] = ()
    """Episodes that opened, moved or closed, in order."""
    confusion: float | None = None
    """|fear - disgust| in points at the newest reading; None under the floors."""


class Decision:
    """Readings and fear/disgust episodes of one leg.

    `temperature` is the manifest's, `known` the labels that the model really learned. The decision
    between fear and disgust is off, with every shape the same, where the settings say so or one of
    the two labels is not known. `ear` adds evidence to closed episodes; whoever hears the leg's
    sound tells it. `scene` replaces thresholds and shifts the scores that are decided on. `compass`
    needs the features of settled frames; it has a say in which of the two a flag names.
    """

    def __init__(
        self,
        leg: str,
        settings: DecisionSettings,
        temperature: float,
        known: Sequence[Label],
        *,
        ear: Ear | None = None,
        scene: Scene | None = None,
        compass: Compass | None = None,
    ) -> None:
        self._settings = settings = profiled(settings, scene)
        self._temperature = settings.temperature or temperature
        self._known: Bool = np.array([label in known for label in LABELS])
        self._rivals = settings.enabled and {"fearful", "disgusted"} <= set(known)
        self._smoother = Smoother(frames_of(settings.smooth_ms), frames_of(settings.forget_ms))
        self._episodes = Episodes(leg, settings)
        self._focuser = Focuser(settings, self._known, self._temperature)
        self._ear = ear
        self._shift = shift_of(scene)
        self._compass = compass if self._rivals and settings.tie_break else None
        self._tie_breaker = (
            TieBreaker(settings, self._compass, self._known, self._temperature, self._shift)
            if self._compass is not None
            else None
        )
        self._history = History(settings)
        self._told: Episode | None = None
        self._total = Total()

    def push(
        self,
        settled: Fused,
        provisional: Fused,
        speech_settled: Bool,
        speech_provisional: Bool,
        poor: str = "",
        trust: int = 100,
    ) -> DecisionUpdate:
        """Decide on newly settled frames, and read the provisional end that follows them.

        The speech flags are [n] of the frames beside them. `poor` says why the audio is poor, if
        it is: readings are then `unknown`, and no episode goes on; `trust` is the
        percent of a confidence that the line leaves. The provisional end leaves no
        trace. Raises ValueError where the provisional end does not follow the settled frames.
        """
        count = len(settled.valid)
        if provisional.start_frame != settled.stop_frame:
            raise ValueError(
                f"provisional frames start at {provisional.start_frame}, "
                f"expected {settled.stop_frame}, where the settled ones end"
            )
        logits = np.concatenate([settled.logits, provisional.logits])
        kept = np.concatenate(
            [settled.valid & speech_settled, provisional.valid & speech_provisional]
        )
        smoothed = self._smoother.push(logits, kept, count)
        judged = judge(
            smoothed / self._temperature,
            self._known,
            rivals=self._rivals,
            unknown_below=self._settings.unknown_below,
            poor=bool(poor),
            trust=trust,
            shift=self._shift,
        )
        heard = kept[:count]
        spoken_logits = chosen(logits[:count], heard)
        episodes: tuple[Episode, ...] = ()
        confusion = None
        if self._rivals:
            standing = Standing.of(
                self._shifted(judged.scores, smoothed), judged.fear, judged.disgust
            )
            done = slice(int(np.count_nonzero(heard)))
            rise = self._history.push(standing.stronger, done.stop)
            standing = replace(standing, rise=rise)
            spoken = Spoken(
                frames=settled.start_frame + np.flatnonzero(heard),
                logits=spoken_logits,
                lead=(judged.fear - judged.disgust)[done],
                places=self._places(settled, heard),
            )
            episodes = self._decide(settled, spoken, standing.part(done), trusted=not poor)
            confusion = self._confusion(standing)
        if self._ear is not None:
            self._ear.settle(settled.start_frame)
        self._total.push(spoken_logits, poor=bool(poor), trust=trust)
        readings = columns(settled.start_frame, kept, smoothed, judged)
        return DecisionUpdate(
            settled=readings.part(0, count),
            provisional=readings.part(count),
            episodes=episodes,
            confusion=confusion,
        )

    def finish(self) -> tuple[Episode, ...]:
        """The leg has ended: close the episode that is open."""
        return self._focused(self._episodes.finish())

    def summary(self) -> Summary:
        """The leg's result, of all settled speech frames so far."""
        return self._total.summary(
            self._known,
            temperature=self._temperature,
            rivals=self._rivals,
            unknown_below=self._settings.unknown_below,
            shift=self._shift,
        )

    def _decide(
        self, settled: Fused, spoken: Spoken, standing: Standing, *, trusted: bool
    ) -> tuple[Episode, ...]:
        self._focuser.hear(settled.start_frame, spoken)
        told = self._episodes.push(
            spoken.frames, standing, stop_frame=settled.stop_frame, trusted=trusted
        )
        return self._focused(told)

    def _focused(self, told: tuple[Episode, ...]) -> tuple[Episode, ...]:
        episodes = []
        for episode in told:
            same = self._told is not None and self._told.id == episode.id
            self._told = self._focuser.focus(episode, self._told if same else None)
            if self._tie_breaker is not None:
                self._told = self._tie_breaker.broken(self._told, self._focuser.within)
            if self._ear is not None and episode.state == "closed":
                self._told = replace(self._told, evidence=self._ear.evidence(episode))
            elif self._ear is not None:
                self._ear.expect(episode)
            episodes.append(self._told)
        return tuple(episodes)

    def _places(self, settled: Fused, kept: Bool) -> Float32 | None:
        if self._compass is None:
            return None
        if settled.features is None:
            raise ValueError("a compass needs the features of settled frames, got none")
        return self._compass.place(chosen(settled.features, kept))

    def _shifted(self, scores: Float64, smoothed: Float64) -> Float64:
        """The probabilities that are decided on: those told, moved by the context."""
        if self._shift is None:
            return scores
        return softmax(smoothed / self._temperature + self._shift, self._known)

    def _confusion(self, standing: Standing) -> float | None:
        newest = standing.part(slice(-1, None))
        if not above_floors(newest, self._settings).any():
            return None
        return float(np.abs(newest.fear - newest.disgust)[0])
