"""The pure core of one scored leg: cutter on one side, track and decision on the other."""

from dataclasses import dataclass

import numpy as np

from ..models.grid import FRAME_RATE, FRAME_SAMPLES
from ..models.manifest import Manifest
from ..models.window import Frames, Window
from .decision.decision import Decision, DecisionUpdate
from .decision.summary import Summary
from .events import Episode
from .listener.heard import Bool, Heard
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


class LegCore:
    """Everything between a leg's frames of sound and its readings; owned by one thread at a time.

    `hear` and `read` may come in any order that keeps each side in order: speech flags wait here
    for the frames that they belong to.
    """

    def __init__(
        self,
        leg: str,
        settings: StreamSettings,
        manifest: Manifest,
        *,
        phase_frames: int = 0,
        start_frame: int = 0,
    ) -> None:
        settle = settings.track.settle_ms * FRAME_RATE // 1000
        self._cutter = Cutter(
            leg,
            settings.window,
            manifest.lengths,
            phase_frames=phase_frames,
            start_frame=start_frame,
            settle_frames=settle,
        )
        self._track = Track(
            settings.track, start_frame=start_frame, keep_features=settings.record.embedding
        )
        self._decision = Decision(
            leg, settings.decision, manifest.calibration.temperature, manifest.known
        )
        self._speech = bytearray()
        """Flags of the frames heard, from the first unsettled one on: a byte each."""
        self._longest = manifest.lengths[-1] // FRAME_SAMPLES
        self._stop = start_frame
        self._captured_at = 0.0

    def hear(self, heard: Heard) -> list[Window]:
        """Frames of sound in, windows that are due out."""
        self._speech += heard.speech.tobytes()
        self._stop, self._captured_at = heard.stop_frame, heard.captured_at
        return self._cutter.push(heard)

    def last(self) -> list[Window]:
        """The leg has ended: the window that ends with it, if one is due."""
        return self._cutter.last()

    def read(self, frames: Frames, poor: str = "") -> LegUpdate:
        """An engine's answer in; settled frames, readings and episodes out."""
        return self._decide(
            self._track.push(frames), poor, frames.captured_at, warming_up=frames.warming_up
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
        self, update: TrackUpdate, poor: str, captured_at: float, *, warming_up: bool
    ) -> LegUpdate:
        settled, provisional = len(update.settled.valid), len(update.provisional.valid)
        speech = np.frombuffer(bytes(self._speech[: settled + provisional]), np.bool_)
        del self._speech[:settled]
        decision = self._decision.push(
            update.settled, update.provisional, speech[:settled], speech[settled:], poor
        )
        return LegUpdate(
            settled=update.settled,
            speech=speech[:settled],
            decision=decision,
            captured_at=captured_at,
            warming_up=warming_up,
        )
