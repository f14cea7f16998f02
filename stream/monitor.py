"""The live shell: sessions, their threads, admission, and the engine's state.

    monitor = Monitor(settings.stream, manifest=manifest, load=load, bus=bus, recorder=recorder)
    monitor.start()                       # the engine is loaded in the background
    session = monitor.open(SessionSpec(...))
    session.write(block)                  # float32 [n, channels], any thread
    session.end()
    monitor.stop()                        # ends all sessions, their folders complete;
                                          # those that a sender comes back to stay open on disk

The recorder is started before and stopped after the monitor, by whoever made it.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial

from ..models.engine import Engine
from ..models.grid import FRAME_RATE, FRAME_SAMPLES
from ..models.manifest import Manifest
from .admission import Admission
from .bus import Bus
from .call import Call
from .clock import Clock
from .decision.evidence.pitch import Beside, SwiftF0
from .decision.scene.scenes import load_scenes, scene_of
from .engine_thread import EngineThread
from .events import (
    Activity,
    EngineStatus,
    Event,
    Fault,
    Mark,
    Notice,
    Readings,
    SessionChanged,
    SessionDeleted,
    SessionInfo,
)
from .latency import LatencyMeter
from .law import banner, rule, rule_again, rule_on
from .leg import Outlets
from .record.folder import SessionFolder
from .record.in_force import in_force
from .record.items import Adopt, Changed, Close, Item, Logged, Open, Recording
from .session import Session, SessionLinks
from .session_spec import SessionSpec, first_info
from .settings import StreamSettings
from .signal_thread import SignalThread
from .status import engine_status
from .turns import Turns

END_S = 10.0
"""Seconds that sessions may take to read their last windows when the monitor stops."""

log = logging.getLogger(__name__)


class Monitor:
    """All sessions of a process. Every method from any thread."""

    def __init__(
        self,
        settings: StreamSettings,
        *,
        manifest: Manifest,
        load: Callable[[], Engine],
        bus: Bus,
        recorder: Recording,
        batch: int = 8,
        max_wait_s: float = 0.01,
        way_up: str = "",
        clock: Clock | None = None,
        lost_items: Callable[[], int] = lambda: 0,
    ) -> None:
        self.settings = settings = settings.for_model(manifest)
        self.manifest = manifest
        self._bus = bus
        self._recorder = recorder
        self._way_up = way_up
        self._clock = clock or Clock()
        self._lost_items = lost_items
        self._scenes = load_scenes(settings.decision.scenes)
        self._admission = Admission(settings.monitor.max_sessions)
        self._lock = threading.Lock()
        self._sources: list[threading.Thread] = []
        self._turns = Turns(settings.window.hop_frames)
        self._latency = LatencyMeter()
        self._signal = SignalThread(
            on_ended=self._ended,
            on_second=self._second,
            on_fault=self.tell,
            now=self._clock.now,
            gathering=lambda: self._engine.gathering(),
        )
        self._engine = EngineThread(
            load,
            batch=batch,
            max_wait_s=max_wait_s,
            on_answers=self._signal.deliver,
            on_fault=self.tell,
            now=self._clock.now,
            most_pace=settings.window.most_pace,
        )
        self._outlets = Outlets(
            tell=self.tell,
            record=recorder.submit,
            submit=self._engine.submit,
            open_leg=self._engine.open,
            close_leg=self._engine.close,
            late=self._latency.add,
            now=self._clock.now,
            to_ns=self._clock.to_ns,
            pitch=Beside(SwiftF0(), busy=self._engine.busy) if settings.evidence.enabled else None,
        )
        self._links = SessionLinks(
            tell=self.tell,
            changed=lambda info: self._submit(Changed(info=info)),
            wake=self._signal.wake,
            start_scoring=self._start_scoring,
            stop_scoring=self._stop_scoring,
            durable=recorder.durable,
            now=self._clock.now,
        )

    def start(self) -> None:
        """Start the threads; sessions can be opened at once, the engine is loaded meanwhile."""
        if told := banner(self.settings.monitor):
            log.warning("%s", told)
        self._engine.start()
        self._signal.start()
        if self._outlets.pitch is not None:
            self._outlets.pitch.go_on()
        self._bus.publish(self.status())

    def stop(self, timeout: float = END_S) -> None:
        """End or leave all sessions, then end the threads. Raises TimeoutError, naming the thread.

        A session is left, its folder open, if its source comes back to it after a new start.
        """
        sessions = self._admission.stop()
        with self._lock:
            sources, self._sources = self._sources, []
        for session in sessions:
            if session.spec.resumable:
                session.leave()
            else:
                session.end()
        until = self._clock.now() + timeout
        for source in sources:
            source.join(max(0.0, until - self._clock.now()))
        open_still = [
            session.id
            for session in sessions
            if not session.wait_closed(max(0.0, until - self._clock.now()))
        ]
        if open_still:
            log.warning("sessions not finished, repaired at the next start: %s", open_still)
        try:
            self._engine.stop()
        finally:
            self._signal.stop()
            if self._outlets.pitch is not None:
                self._outlets.pitch.end()
        running = [source.name for source in sources if source.is_alive()]
        if running:
            raise TimeoutError(f"thread {running[0]!r} did not stop within {timeout:g} s")

    def open(self, spec: SessionSpec) -> Session:
        """Begin a session. Raises AdmissionError (too many, or stopping), SceneError (profile)."""
        ruling = rule(
            spec.source,
            [(leg.name, leg.role) for leg in spec.legs],
            spec.notice,
            self.settings.monitor,
        )
        started_at = spec.started_at or self._clock.text()
        hop_ms = self.settings.window.hop_step_ms
        scene = scene_of(self.settings.decision, self._scenes, spec.context, spec.profile)
        info = first_info(spec, ruling, scene=scene, started_at=started_at, hop_ms=hop_ms)
        session = self._admit(info, spec, 0)
        forced = in_force(self.settings, self.manifest)
        self._submit(Open(info=info, settings=forced, extra=spec.extra))
        self._begin(session, 0)
        return session

    def adopt(self, folder: SessionFolder, spec: SessionSpec) -> Session:
        """Go on with a session that another process left, where its folder ends.

        Positions stay exact; listening and reading begin anew. Raises AdmissionError.
        """
        frames = folder.frames
        info = rule_again(folder.info, self.settings.monitor)
        session = self._admit(info, spec, frames * spec.rate // FRAME_RATE)
        self._submit(Adopt(folder=folder))
        self._begin(session, frames)
        self.tell(Mark(session=info.id, name="restart", at=frames * FRAME_SAMPLES))
        return session

    def attach(self, source: threading.Thread) -> None:
        """Start a source's thread, which ends when its session has ended; `stop` waits for it."""
        with self._lock:
            self._sources = [one for one in self._sources if one.is_alive()]
            source.start()
            self._sources.append(source)

    def session(self, session: str) -> Session | None:
        """A running session by its id."""
        return self._admission.get(session)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All running sessions, in the order of their beginning."""
        return self._admission.sessions

    @property
    def running(self) -> frozenset[str]:
        """Ids of all running sessions."""
        return frozenset(session.id for session in self.sessions)

    @property
    def loading(self) -> bool:
        """Whether the engine is still being loaded."""
        return self._engine.loading

    def status(self) -> EngineStatus:
        """The engine, the queues and the latency, now."""
        lost = sum(mailbox.lost for mailbox in self._bus.statistics().mailboxes)
        return engine_status(
            self.manifest,
            self._engine.engine,
            self._engine.statistics(),
            self._latency.latency(),
            self.settings,
            loading=self._engine.loading,
            sessions=len(self._admission),
            dropped=lost + self._lost_items(),
            way_up=self._way_up,
        )

    def tell(self, event: Event) -> None:
        """Publish an event; what belongs into a session's folder is logged there."""
        self._bus.publish(event)
        if isinstance(event, Readings | Activity | EngineStatus | SessionDeleted):
            return
        session = event.session.id if isinstance(event, SessionChanged) else event.session
        if session and not (isinstance(event, Fault) and event.code == "disk"):
            self._submit(Logged(session=session, event=event))

    def _submit(self, item: Item) -> None:
        self._recorder.submit(item)

    def _admit(self, info: SessionInfo, spec: SessionSpec, start: int) -> Session:
        return self._admission.admit(
            info.id,
            lambda: Session(
                info, spec, ring_s=self.settings.listener.ring_s, start=start, links=self._links
            ),
        )

    def _begin(self, session: Session, start_frame: int) -> None:
        phases = self._phases(session, start_frame)
        self._bus.publish(SessionChanged(session=session.info))
        call = partial(Call, session, self.settings, self.manifest, self._outlets)
        self._signal.order(lambda: self._signal.add(call(phases=phases, start_frame=start_frame)))

    def _phases(self, session: Session, start_frame: int) -> list[int]:
        """For each leg the shift of its hop such that live legs take turns in time.

        Recordings are not shifted: the same file gives the same curve each time.
        """
        shifted = session.info.source not in ("recording", "demo")
        began = int(self._clock.now() * FRAME_RATE) - start_frame
        return [
            self._turns.take(f"{session.id}/{number}", began) if leg.scored and shifted else 0
            for number, leg in enumerate(session.info.legs)
        ]

    def _start_scoring(self, session: Session, notice: Notice | None) -> None:
        stops = session.stops
        ruled = rule_on(session.info, notice, self.settings.monitor)

        def start() -> None:
            for call in self._signal.calls:
                # In the signal thread: what was ordered before has been done.
                waits = call.session is session and not session.info.scoring and not call.finishing
                if waits and session.score(ruled, stops):
                    call.start_scoring(self._phases(session, call.legs[0].meter.stop_frame))

        self._signal.order(start)

    def _stop_scoring(self, session: Session, erase: bool) -> None:
        for leg in session.spec.legs:
            self._engine.drop(f"{session.id}/{leg.name}")

        def stop() -> None:
            for call in self._signal.calls:
                if call.session is session:
                    call.stop_scoring(erase=erase)

        self._signal.order(stop)

    def _ended(self, call: Call) -> None:
        """A call's sound is read and answered. In the signal thread."""
        session = call.session
        if session.left:
            try:
                call.finish()
            finally:
                call.closed = True
                self._forget(session)
            return
        state, reason = session.end_asked or ("lost", "the session failed")
        if reason:
            at = max(leg.meter.stop_frame for leg in call.legs) * FRAME_SAMPLES
            self.tell(Mark(session=session.id, name=f"{state}: {reason}", at=at))
        info = session.seal(state, self._clock.text())
        try:
            call.finish()
        finally:
            call.closed = True
            self.tell(SessionChanged(session=info))
            self._submit(Close(info=info, facts=call.facts))
            self._forget(session)

    def _forget(self, session: Session) -> None:
        self._admission.forget(session)
        for leg in range(session.channels):
            self._turns.leave(f"{session.id}/{leg}")
        session.close()

    def _second(self) -> None:
        """Once a second, in the signal thread."""
        now = self._clock.now()
        for session in self.sessions:
            after = session.spec.lost_after_s
            quiet_s = now - session.last_sound_at
            if after is not None and session.info.state == "live" and quiet_s > after:
                session.end("lost", f"no sound for {after:g} s")
            if not session.info.folder:
                folder = self._recorder.folder(session.id)
                if folder is not None:
                    session.put_folder(folder.name)
        if self._outlets.pitch is not None:
            self._outlets.pitch.go_on()
        self._bus.publish(self.status())
