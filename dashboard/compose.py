"""The rooms joined: from settings to a running monitor behind an application."""

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ..models.engine import Engine
from ..models.manifest import Manifest
from ..models.registry import find, load_engine, way_up
from ..models.settings import EngineSettings
from ..stream.board import Board
from ..stream.bus import Bus
from ..stream.events import Fault
from ..stream.learning.versions import learned
from ..stream.listener.gate import Vad
from ..stream.monitor import Monitor
from ..stream.offline import Tools
from ..stream.record.audit import AuditLog
from ..stream.record.recorder import Recorder
from ..stream.record.removal import Remover
from ..stream.record.repair import interrupted, repair
from ..stream.review.keeper import Keeper, keeping
from ..stream.review.store import Reviews
from ..stream.settings import StreamSettings
from ..stream.sources.demo import demo_call
from ..stream.sources.directory import Directory
from ..stream.sources.ingest import MonitorHost
from ..stream.sources.pcm_messages import PcmLimits
from ..stream.store import Store
from .parts import Parts
from .settings import ServerSettings
from .trail import following, settings_hash

AUDIT_NAME = "audit.jsonl"
EVERY_S = 60.0
"""Seconds between two looks for sessions to repair or to delete by age."""

log = logging.getLogger(__name__)


@contextlib.contextmanager
def running(
    engine: EngineSettings, stream: StreamSettings, server: ServerSettings
) -> Iterator[Parts]:
    """Start everything, in order; stop it in reverse. The engine is loaded in the background.

    Raises EngineError, ManifestError if there is no such model; OSError for the output folder.
    """
    manifest = find(engine).manifest
    stream = learned(stream, manifest)
    with contextlib.ExitStack() as stack:
        bus = Bus()
        board = Board(bus)
        stack.callback(board.close)
        store = Store(stream.record.output, stream.record.index_url)
        stack.callback(store.close)
        reviews = Reviews(stream.record.output, stream.review)
        stack.callback(reviews.close)
        keeper = Keeper(reviews.intake, store, stream.record.output, bus.publish)
        recorder = Recorder(
            stream.record,
            on_fault=bus.publish,
            on_opened=lambda _, folder: _index(store, folder),
            on_closed=lambda _, folder: _index(store, folder),
        )
        recorder.start()
        stack.callback(recorder.stop)
        monitor = Monitor(
            stream,
            manifest=manifest,
            load=lambda: load_engine(engine),
            bus=bus,
            recorder=recorder,
            batch=engine.batch,
            max_wait_s=engine.max_wait_ms / 1000,
            way_up=way_up(manifest),
            lost_items=lambda: recorder.statistics().refused,
        )
        left = interrupted(stream.record.output)
        host = MonitorHost(monitor, left)
        directory = Directory(
            host,
            PcmLimits(resume_for_s=server.resume_for_s, per_token=server.ingest_per_token),
            now=time.monotonic,
        )
        audit = AuditLog(stream.record.output / AUDIT_NAME)
        parts = Parts(
            server=server,
            stream=stream,
            monitor=monitor,
            recorder=recorder,
            bus=bus,
            board=board,
            directory=directory,
            store=store,
            reviews=reviews,
            remover=Remover(stream.record.output, audit),
            audit=audit,
            tools=_Lazy(engine, stream).tools,
            demo=demo_call(),
        )
        stack.enter_context(following(bus, audit, settings_hash(stream, manifest)))
        stack.enter_context(keeping(bus, keeper))
        monitor.start()
        stack.callback(monitor.stop)
        stack.enter_context(_keeping_house(parts, host, keeper))
        _audit_start(audit, manifest, stream)
        yield parts


def _audit_start(audit: AuditLog, manifest: Manifest, stream: StreamSettings) -> None:
    scoring: dict[str, object] = {"score_agent": stream.monitor.score_agent}
    if stream.monitor.score_agent:
        scoring |= {
            "name": stream.monitor.score_agent_name,
            "reason": stream.monitor.score_agent_reason,
        }
    detail = {"model": manifest.name, "version": manifest.version, **scoring}
    audit.append("started", who="system", detail=detail)


def _index(store: Store, folder: Path) -> None:
    """Keep the index in step; the folder itself is safe whatever happens to the index."""
    try:
        store.add(folder)
    except Exception:
        log.exception("%s: could not be indexed; the next start does it", folder)


class _Lazy:
    """An engine for uploads and predictions, loaded when the first one comes."""

    def __init__(self, engine: EngineSettings, stream: StreamSettings) -> None:
        self._settings, self._stream = engine, stream
        self._lock = threading.Lock()
        self._loaded: tuple[Engine, Vad] | None = None

    def tools(self) -> Tools:
        """The tools of an offline analysis. Raises EngineError."""
        with self._lock:
            if self._loaded is None:
                self._loaded = load_engine(self._settings), Vad()
        engine, vad = self._loaded
        return Tools(engine=engine, vad=vad, settings=self._stream, batch=self._settings.batch)


@contextlib.contextmanager
def _keeping_house(parts: Parts, host: MonitorHost, keeper: Keeper) -> Iterator[None]:
    """A thread that closes what a crash left, deletes what is too old, and keeps the index."""
    stop = threading.Event()

    def run() -> None:
        turn = functools.partial(_turn, parts, host, keeper)
        turn(rebuild=True)
        while not stop.wait(EVERY_S):
            turn(rebuild=False)

    thread = threading.Thread(target=run, name="house", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def _turn(parts: Parts, host: MonitorHost, keeper: Keeper, *, rebuild: bool) -> None:
    try:
        closed = repair(
            parts.output,
            parts.server.resume_for_s,
            running=parts.monitor.running,
            give_up=host.give_up,
        )
        for done in closed:
            log.info("%s: an interrupted session was closed", done.path.name)
            detail = {"state": "lost", "folder": done.path.name}
            parts.audit.append("session ended", who="system", session=done.session, detail=detail)
            parts.store.add(done.path)
        # Some lose their sound alone and stay in the index.
        if parts.remover.expire(parts.stream.record) or rebuild:
            parts.store.rebuild()
        keeper.reconcile()
    except Exception as error:
        log.exception("keeping house failed")
        parts.bus.publish(
            Fault(
                code="house",
                message=f"old sessions could not be looked after: {error}",
                way_out="see the log; live monitoring goes on",
            )
        )
