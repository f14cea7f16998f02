"""One session as the signal thread works on it: its listeners, its cores, what is told of them.

Rules of this file: everything here is used by the signal thread alone; nothing waits. Legs that the
law (law.py) does not let be scored have no core, so nothing of them can reach a window.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..models.grid import FRAME_SAMPLES
from ..models.manifest import Manifest
from ..models.window import Frames, Window
from .answers import Judged
from .audio import Chunk, Gap
from .engine_thread import Answer
from .events import (
    Activity,
    Episode,
    EpisodeChanged,
    LegInfo,
    Mark,
    Readings,
)
from .leg import Leg, Outlets, gap_noted
from .listener.heard import Heard
from .listener.listener import Listener
from .meter import Meter, Overlap
from .pipeline import LegCore, LegUpdate
from .quality import Quality
from .record.items import Answered, Audio, CoreBegan, CoreEnded, Settled
from .ring import Ring
from .session import ERASED, Session
from .settings import StreamSettings
from .waiting import Task

FILE_STEP_S = 1.0
"""Sound of a recording that is listened to at a time."""


class Call:
    """A session's work. Made by the signal thread, dropped by it when `closed`."""

    def __init__(
        self,
        session: Session,
        settings: StreamSettings,
        manifest: Manifest,
        outlets: Outlets,
        *,
        phases: Sequence[int],
        start_frame: int = 0,
    ) -> None:
        self.session = session
        self.closed = False
        self.broken = False
        """Whether its work has failed: it is closed as it is."""
        self._settings = settings
        self._manifest = manifest
        self._out = outlets
        self._live = session.pace == "live"
        self.finishing = False
        """Whether all its sound was read."""
        self._overlap = Overlap(len(session.rings))
        self.legs = [
            self._leg(info, ring, start_frame)
            for info, ring in zip(session.info.legs, session.rings, strict=True)
        ]
        if session.info.scoring:
            self._make_cores(phases)

    def _leg(self, info: LegInfo, ring: Ring, start_frame: int) -> Leg:
        session = self.session
        key = f"{session.id}/{info.name}"
        return Leg(
            name=info.name,
            key=key,
            ring=ring,
            listener=Listener(key, session.rate, self._settings.listener, start_frame=start_frame),
            meter=Meter(start_frame),
            quality=Quality(
                self._settings.decision.poor_snr_db,
                self._settings.quality,
                start_frame=start_frame,
            ),
        )

    def _make_cores(self, phases: Sequence[int]) -> None:
        """Let scored legs be read from the next frame that is heard."""
        for leg, info, phase in zip(self.legs, self.session.info.legs, phases, strict=True):
            if not info.scored or leg.core is not None:
                continue
            leg.core_start = leg.core_stop = start = leg.meter.stop_frame
            leg.core = LegCore(
                leg.key,
                self._settings,
                self._manifest,
                phase_frames=phase,
                start_frame=start,
                pitch=self._out.pitch,
                scene=self.session.info.scene,
            )
            self._out.open_leg(leg.key)
            self._out.record(
                CoreBegan(
                    session=self.session.id, leg=leg.name, start_frame=start, phase_frames=phase
                )
            )

    @property
    def busy(self) -> bool:
        """Whether more could be listened to at once: of a recording, or of a live session that is
        behind (a long gap comes in pieces, see `Ring.read`)."""
        if self.finishing or self.broken:
            return False
        waiting = max(leg.ring.waiting for leg in self.legs)
        if self._live:
            return waiting > FILE_STEP_S * self.session.rate
        return waiting > 0 and self._has_room()

    def drain(self) -> list[tuple[Leg, list[Chunk | Gap]]]:
        """What the legs' rings hold; of a recording, as much as the engine keeps up with."""
        if self.finishing or self.broken or not (self._live or self._has_room()):
            return []
        limit = None if self._live else round(FILE_STEP_S * self.session.rate)
        read = [(leg, leg.ring.read(limit)) for leg in self.legs]
        if not self._live:
            self.session.drained()
        for leg, items in read:
            for item in items:
                self._tell_gap(leg, leg.gap_of(item))
        return [(leg, items) for leg, items in read if items]

    def hear(self, leg: Leg, heard: Sequence[Heard]) -> None:
        """Frames of a leg: to the disk, the meters and, if it is scored, the cutter."""
        for piece in heard:
            self._out.record(Audio(session=self.session.id, leg=leg.name, heard=piece))
            leg.meter.push(piece)
            leg.quality.push(piece)
            self._overlap.push(self.legs.index(leg), piece.speech)
            # The session is asked too: an order to stop works before this thread has seen it.
            if leg.core is not None and self.session.info.scoring:
                self._queue(leg, leg.core.hear(piece))
                leg.core_stop = piece.stop_frame

    def answer(self, leg: Leg, answers: Sequence[Answer]) -> None:
        """The engine's answers for some of the leg's windows, in order."""
        if leg.core is None or not self.session.info.scoring:
            return
        # Those before were asked for before scoring was stopped.
        mine = [answer for answer in answers if answer.window.start_frame >= leg.core_start]
        read = [self._judged(leg, one.window, one.frames) for one in mine if one.frames is not None]
        leg.pending -= len(mine)
        leg.failed += len(mine) - len(read)
        for update, group in leg.core.read_all(read):
            spans = tuple(one.span for one in group)
            self._out.record(Answered(session=self.session.id, leg=leg.name, spans=spans))
            latency = self._tell_update(leg, update, poor=bool(group[0].poor))
            if self._live:
                self._out.late(latency)

    def _judged(self, leg: Leg, window: Window, frames: Frames) -> Judged:
        # As of the window's end, not of this moment: threads must not change what is read.
        line = leg.quality.at(window.stop_frame)
        return Judged(frames=frames, poor=line.poor, trust=line.trust)

    def rest(self) -> None:
        """Settle the silence behind which no window waits."""
        for leg in self.legs:
            if leg.core is not None and not leg.pending and self.session.info.scoring:
                update = leg.core.rest()
                if update is not None:
                    self._tell_update(leg, update)

    def tell_activity(self) -> None:
        """Meters of every leg, those that are not scored included."""
        overlap_s = self._overlap.seconds
        for leg in self.legs:
            state, line = leg.meter.take(), leg.quality.newest
            if state is not None:
                self._out.tell(
                    Activity(
                        session=self.session.id,
                        leg=leg.name,
                        stop_frame=state.stop_frame,
                        speech=state.speech,
                        speaking=state.speaking,
                        talk_s=state.talk_s,
                        silence_s=state.silence_s,
                        overlap_s=overlap_s,
                        level_dbfs=state.level_dbfs,
                        peak_dbfs=state.peak_dbfs,
                        clipped=state.clipped,
                        bandwidth_hz=line.bandwidth_hz,
                        snr_db=line.snr_db,
                        poor=line.poor,
                        trust=line.trust,
                    )
                )

    def start_scoring(self, phases: Sequence[int]) -> None:
        """Begin to read the scored legs (again), each with a core of its own."""
        self._make_cores(phases)
        self._note("scoring started")

    def stop_scoring(self, *, erase: bool) -> None:
        """Drop every core and what it was about to say."""
        now = self._out.now()
        for leg in self.legs:
            if leg.core is None:
                continue
            if not erase:
                self._break_off(leg, leg.core)
            leg.core, leg.pending = None, 0
            self._out.close_leg(leg.key)
            self._out.record(
                CoreEnded(
                    session=self.session.id,
                    leg=leg.name,
                    stop_frame=leg.core_stop,
                    finished=False,
                )
            )
            if leg.open_episode is not None:
                self._tell_episodes(leg, [replace(leg.open_episode, state="closed")], now)
        self._note(ERASED if erase else "scoring stopped")

    def _break_off(self, leg: Leg, core: LegCore) -> None:
        """Keep the silence that a replay, which rests at the last frame heard, will settle too."""
        if not leg.pending and (update := core.rest()) is not None:
            self._out.record(Settled(session=self.session.id, leg=leg.name, update=update))

    def _note(self, name: str) -> None:
        frame = max(leg.meter.stop_frame for leg in self.legs)
        self._out.tell(Mark(session=self.session.id, name=name, at=frame * FRAME_SAMPLES))

    def finish_sound(self, end: Callable[[Listener], list[Heard]]) -> None:
        """No sound follows and none waits: let the listeners give what they hold.

        Where the session was left, its sender brings once more what they hold.
        """
        self.finishing = True
        if self.session.left:
            return
        for leg in self.legs:
            self._tell_gap(leg, leg.gap_of(None))
            self.hear(leg, end(leg.listener))
            if leg.core is not None and self.session.info.scoring:
                self._queue(leg, leg.core.last())

    @property
    def at_end(self) -> bool:
        """Whether the session was told to end and all its sound was read."""
        return (
            not self.finishing
            and self.session.end_asked is not None
            and not any(leg.ring.waiting for leg in self.legs)
        )

    @property
    def answered(self) -> bool:
        """Whether its sound has ended and no window waits for its answer."""
        return self.finishing and not any(leg.pending for leg in self.legs)

    def finish(self) -> None:
        """Everything was answered: last readings, last meters.

        Of a session that was left no speech is settled: it goes on as after a crash.
        """
        # The session is asked as well: consent may have been withdrawn a moment ago.
        reads = self.session.info.scoring and not self.broken
        for leg in self.legs:
            if leg.core is None:
                continue
            if reads and self.session.left:
                self._break_off(leg, leg.core)
            elif reads:
                update, episodes = leg.core.finish()
                self._tell_update(leg, update)
                self._tell_episodes(leg, episodes, update.captured_at or self._out.now())
            self._out.close_leg(leg.key)
        self.tell_activity()

    @property
    def facts(self) -> dict[str, object]:
        """What only the live session knows, for result.json."""
        return {
            leg.name: {
                "windows": leg.windows,
                "superseded": leg.superseded,
                "failed": leg.failed,
                "lost_samples": leg.ring.statistics().lost,
                "not_finite_samples": leg.listener.not_finite,
            }
            for leg in self.legs
        }

    def _has_room(self) -> bool:
        return all(leg.pending < self._settings.window.pending for leg in self.legs)

    def _queue(self, leg: Leg, windows: Sequence[Window]) -> None:
        if not windows:
            return
        leg.windows += len(windows)
        leg.pending += len(windows)
        now = self._out.now()
        superseded = self._out.submit(
            [Task(window=window, live=self._live, queued_at=now) for window in windows]
        )
        leg.superseded += len(superseded)
        leg.pending -= len(superseded)

    def _tell_gap(self, leg: Leg, gap: Gap | None) -> None:
        if gap is not None:
            self._out.tell(gap_noted(self.session.id, leg.name, gap, self.session.rate))

    def _tell_update(self, leg: Leg, update: LegUpdate, *, poor: bool = False) -> float:
        """Tell what an update changed; its latency in milliseconds."""
        session, stride = self.session.id, self._settings.monitor.wire_stride
        self._out.record(Settled(session=session, leg=leg.name, update=update, poor=poor))
        now = self._out.now()
        captured_at = update.captured_at or now
        latency_ms = max(0.0, (now - captured_at) * 1000.0)
        decision = update.decision
        self._out.tell(
            Readings(
                session=session,
                leg=leg.name,
                settled=decision.settled.to_points(stride),
                provisional=decision.provisional.to_points(stride),
                confusion=decision.confusion,
                warming_up=update.warming_up,
                captured_at_ns=self._out.to_ns(captured_at),
                emitted_at_ns=self._out.to_ns(now),
                latency_ms=round(latency_ms, 1),
            )
        )
        self._tell_episodes(leg, decision.episodes, captured_at)
        return latency_ms

    def _tell_episodes(self, leg: Leg, episodes: Sequence[Episode], captured_at: float) -> None:
        for episode in episodes:
            leg.open_episode = episode if episode.state == "open" else None
            self._out.tell(
                EpisodeChanged(
                    session=self.session.id,
                    # A core knows its leg by its key, everybody else by its name.
                    episode=replace(episode, leg=leg.name),
                    captured_at_ns=self._out.to_ns(captured_at),
                )
            )
