"""The pure core of one scored leg: cutter on one side, track and decision on the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..models.centres import compass_for
from ..models.grid import FRAME_RATE, FRAME_SAMPLES
from ..models.manifest import Manifest
from ..models.window import Frames, Window
from .answers import Judged, joined, neighbours
from .decision.decision import Decision, DecisionUpdate
from .decision.evidence.ear import Ear
from .decision.evidence.pitch import Pitch
from .decision.summary import Summary
from .events import Episode, Scene
from .listener.heard import Bool, Heard
from .runs import RunCutter
from .settings import StreamSettings
from .track import Fused, Track, TrackUpdate
from .windows import Cutter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegUpdate:
    """What one answer of the engine, or the end, changed on a leg."""

    settled: Fused
    speech: Bool
    """Shape [n]: speech flags of the settled frames."""
    decision: DecisionUpdate
    captured_at: float
    warming_up: bool
    judged_from: int = 0
    """First frame that the answer's judgement of the audio (`poor`) holds for. Frames before it lie
    behind the longest window: a `rest` could have settled them, so they are settled like one."""


class LegCore:
    """Everything between a leg's frames of sound and its readings; owned by one thread at a time.

    `hear` and `read` may come in any order that keeps each side in order: speech flags wait here
    for the frames that they belong to. With `pitch`, closed episodes carry evidence;
    `scene` is what context and profile call for.
    """

    def __init__(
        self,
        leg: str,
        settings: StreamSettings,
        manifest: Manifest,
        *,
        phase_frames: int = 0,
        start_frame: int = 0,
        pitch: Pitch | None = None,
        scene: Scene | None = None,
    ) -> None:
        self._ear = None
        if pitch is not None and settings.evidence.enabled:
            self._ear = Ear(settings.evidence, settings.decision, pitch, start_frame=start_frame)
        settings = settings.for_model(manifest)
        self._cutter, self._longest = _cutter(leg, settings, manifest, phase_frames, start_frame)
        track, self._joins = settings.track, manifest.streaming is not None
        if self._joins:
            # Every frame is read once: there is nothing to wait for.
            track = track.model_copy(update={"settle_ms": 0})
        compass = None
        if settings.decision.tie_break and manifest.decides_rivals:
            compass = compass_for(manifest, settings.decision.centres)
        self._embedding = settings.record.embedding
        self._track = Track(
            track,
            start_frame=start_frame,
            keep_features=self._embedding or compass is not None,
        )
        self._decision = Decision(
            leg,
            settings.decision,
            manifest.calibration.temperature,
            manifest.known,
            ear=self._ear,
            scene=scene,
            compass=compass,
        )
        self._speech = bytearray()
        """Flags of the frames heard, from the first unsettled one on: a byte each."""
        self._tail = manifest.tail_frames
        """Frames by which an answer is shorter than its window."""
        self._stop = start_frame
        self._captured_at = 0.0

    def hear(self, heard: Heard) -> list[Window]:
        """Frames of sound in, windows that are due out."""
        self._speech += heard.speech.tobytes()
        self._stop, self._captured_at = heard.stop_frame, heard.captured_at
        if self._ear is not None:
            self._ear.hear(heard)
        return self._cutter.push(heard)

    def last(self) -> list[Window]:
        """The leg has ended: the window that ends with it, if one is due."""
        return self._cutter.last()

    def read(self, frames: Frames, poor: str = "", trust: int = 100) -> LegUpdate:
        """An engine's answer in; settled frames, readings and episodes out.

        `poor`: why its audio is too poor to say; `trust`: percent that is left of a confidence.
        """
        return self._read([Judged(frames=frames, poor=poor, trust=trust)])

    def read_all(self, answers: Sequence[Judged]) -> Iterator[tuple[LegUpdate, list[Judged]]]:
        """Answers in order; each update with the answers that it rests on.

        Neighbours of an engine that remembers are read as one: every frame of theirs is settled at
        once, so the core makes the same of them, with less work.
        """
        groups = neighbours(answers) if self._joins else ([answer] for answer in answers)
        for group in groups:
            yield self._read(group), group

    def _read(self, group: Sequence[Judged]) -> LegUpdate:
        first, frames = group[0], joined(group)
        end = first.frames.stop_frame + self._tail
        return self._decide(
            self._track.push(frames),
            first.poor,
            frames.captured_at,
            warming_up=frames.warming_up,
            # A rest before these answers was called, if at all, with no more sound than they have.
            judged_from=end - self._longest,
            trust=first.trust,
        )

    def rest(self) -> LegUpdate | None:
        """Settle the silence that no later window can hold, if there is any.

        Call it only while no window of the leg waits for its answer: then it makes no difference
        when it is called.
        """
        until = self._stop - self._longest
        if until <= self._track.settled_until:
            return None
        return self._decide(self._track.settle(until), "", self._captured_at, warming_up=False)

    def finish(self) -> tuple[LegUpdate, tuple[Episode, ...]]:
        """The leg has ended: settle all that was heard, close the open episode."""
        update = self._decide(
            self._track.settle(self._stop), "", self._captured_at, warming_up=False
        )
        return update, self._decision.finish()

    def restart(self, frame: int) -> LegUpdate:
        """Sound breaks off here (scoring stopped, paused): settle what is known, begin anew."""
        self._cutter.restart(frame)
        return self._decide(self._track.settle(frame), "", self._captured_at, warming_up=True)

    def summary(self) -> Summary:
        """The result of all settled speech frames so far."""
        return self._decision.summary()

    def _decide(
        self,
        update: TrackUpdate,
        poor: str,
        captured_at: float,
        *,
        warming_up: bool,
        judged_from: int = 0,
        trust: int = 100,
    ) -> LegUpdate:
        settled, provisional = update.settled, update.provisional
        count = len(settled.valid)
        flags = np.frombuffer(bytes(self._speech[: count + len(provisional.valid)]), np.bool_)
        del self._speech[:count]
        speech, newest = flags[:count], flags[count:]
        early = min(count, judged_from - settled.start_frame)
        if (poor or trust < 100) and early > 0:
            first, rest = _part(settled, 0, early), _part(settled, early, count)
            nothing = _part(settled, early, early)
            decision = _joined(
                self._decision.push(first, nothing, speech[:early], speech[:0]),
                self._decision.push(rest, provisional, speech[early:], newest, poor, trust),
            )
        else:
            decision = self._decision.push(settled, provisional, speech, newest, poor, trust)
        return LegUpdate(
            settled=settled if self._embedding else replace(settled, features=None),
            speech=speech,
            decision=decision,
            captured_at=captured_at,
            warming_up=warming_up,
            judged_from=judged_from,
        )


def _cutter(
    leg: str, settings: StreamSettings, manifest: Manifest, phase_frames: int, start_frame: int
) -> tuple[Cutter | RunCutter, int]:
    """The cutter that the engine needs, and how far behind the newest frame an answer can reach."""
    if manifest.streaming is not None:
        delay = manifest.streaming.delay_frames
        runs = RunCutter(
            leg,
            settings.window,
            delay_frames=delay,
            phase_frames=phase_frames,
            start_frame=start_frame,
        )
        return runs, RunCutter.reach(settings.window) + delay
    windows = Cutter(
        leg,
        settings.window,
        manifest.lengths,
        phase_frames=phase_frames,
        start_frame=start_frame,
        settle_frames=settings.track.settle_ms * FRAME_RATE // 1000,
    )
    return windows, manifest.lengths[-1] // FRAME_SAMPLES


def _part(fused: Fused, first: int, stop: int) -> Fused:
    return Fused(
        start_frame=fused.start_frame + first,
        logits=fused.logits[first:stop],
        valid=fused.valid[first:stop],
        features=None if fused.features is None else fused.features[first:stop],
    )


def _joined(first: DecisionUpdate, second: DecisionUpdate) -> DecisionUpdate:
    """Two updates that follow each other, as one."""
    one, other = first.settled, second.settled
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(one, field.name), getattr(other, field.name)])
        for field in fields(one)
        if field.name != "start_frame"
    }
    return replace(
        second,
        settled=replace(one, **columns),
        episodes=first.episodes + second.episodes,
    )
