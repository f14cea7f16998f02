"""A whole server for tests: real sockets, real rooms, an engine that does as it is told."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from tests.stream.house import LONG_S, RATE, feed, spec
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.sound import voice
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tonewatch.dashboard.app import create_app
from tonewatch.dashboard.parts import Parts
from tonewatch.dashboard.server import make_server
from tonewatch.dashboard.settings import ServerSettings
from tonewatch.models.engine import Engine
from tonewatch.stream.board import Board
from tonewatch.stream.bus import Bus
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.monitor import Monitor
from tonewatch.stream.offline import Tools
from tonewatch.stream.record.audit import AuditLog, read_audit
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.record.removal import Remover
from tonewatch.stream.review.keeper import Keeper, keeping
from tonewatch.stream.review.store import Reviews
from tonewatch.stream.session import Session
from tonewatch.stream.settings import (
    MonitorSettings,
    RecordSettings,
    ReviewSettings,
    StreamSettings,
)
from tonewatch.stream.sources.demo import demo_call
from tonewatch.stream.sources.directory import Directory
from tonewatch.stream.sources.ingest import MonitorHost
from tonewatch.stream.sources.pcm_messages import SUBPROTOCOL, PcmLimits
from tonewatch.stream.store import Store


class Bell:
    """Rung by whatever happens in a home; remembers that it was."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._count = 0

    def ring(self) -> None:
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def follow(self, bus: Bus) -> None:
        """Ring with every event; an engine tells its state once a second, if nothing else does."""
        mailbox = bus.subscribe("bell", 1000, "report")

        def heard() -> None:
            mailbox.take()
            self.ring()

        mailbox.on_ready(heard)

    def until(self, met: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + LONG_S
        while True:
            before = self._count
            if found := met():
                return found
            assert time.monotonic() < deadline, f"waited {LONG_S:g} s for {what}"
            with self._rung:
                self._rung.wait_for(lambda before=before: self._count > before, LONG_S)


BELL = Bell()


def until(met: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is true; it is asked again whenever anything has happened."""
    return BELL.until(met, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A running server and the rooms behind it."""

    parts: Parts
    port: int
    server: Any
    thread: threading.Thread

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=LONG_S, trust_env=False, **options)

    def viewer(self, **options: Any) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.port}/ws/live"
        wanted = {"close_timeout": 0.5, **options}
        return connect(url, compression=None, max_size=None, proxy=None, **wanted)

    def sender(self, **options: Any) -> ClientConnection:
        url = f"ws://127.0.0.1:{self.port}/ingest/v1"
        wanted = {"subprotocols": [Subprotocol(SUBPROTOCOL)], **options}
        return connect(url, compression=None, proxy=None, **wanted)

    def audit(self) -> list[dict[str, Any]]:
        return list(read_audit(self.parts.audit.path))

    def past(self, *legs: str, name: str = "desk 7", seconds: float = 4.0) -> Session:
        """A session that has ended, its folder finished and in the index."""
        wanted = spec(*(legs or ("customer",)), source="recording", pace="file", name=name)
        session = self.parts.monitor.open(wanted)
        feed(session, *(voice(seconds, seed=number) for number, _ in enumerate(wanted.legs)))
        session.end()
        assert session.wait_closed(LONG_S)
        until(lambda: self.kept(session), "the finished folder")
        return session

    def kept(self, session: Session) -> bool:
        folder = self.parts.store.folder(session.id)
        stored = self.parts.store.get(session.id)
        return bool(folder and (folder / "result.json").is_file() and stored and stored.emotion)


@contextlib.contextmanager
def home(
    output: Path,
    engine: Engine | None = None,
    *,
    server: ServerSettings | None = None,
    monitor: MonitorSettings | None = None,
    review: ReviewSettings | None = None,
    limits: PcmLimits | None = None,
    demo: Path | None = None,
    tools: Callable[[], Tools] | None = None,
    static: Path | None = None,
    load: Callable[[], Engine] | None = None,
    **options: Any,
) -> Iterator[Home]:
    """Start everything on a free port; stop it in reverse."""
    settings = StreamSettings(
        record=RecordSettings(output=output),
        monitor=monitor or MonitorSettings(),
        review=review or ReviewSettings(),
    )
    reader = engine or LoudnessEngine()
    bus = Bus()
    BELL.follow(bus)
    board = Board(bus)
    store = Store(output)
    reviews = Reviews(output, settings.review)
    recorder = Recorder(
        settings.record,
        on_fault=bus.publish,
        on_opened=lambda _, folder: (store.add(folder), BELL.ring()),
        on_closed=lambda _, folder: (store.add(folder), BELL.ring()),
    )
    live = Monitor(
        settings,
        manifest=MANIFEST,
        load=load or (lambda: reader),
        bus=bus,
        recorder=recorder,
    )
    audit = AuditLog(output / "audit.jsonl")
    offline = Tools(engine=LoudnessEngine(), vad=Vad(), settings=settings)
    parts = Parts(
        server=server or ServerSettings(),
        stream=settings,
        monitor=live,
        recorder=recorder,
        bus=bus,
        board=board,
        directory=Directory(MonitorHost(live), limits or PcmLimits(), now=time.monotonic),
        store=store,
        reviews=reviews,
        remover=Remover(output, audit),
        audit=audit,
        tools=tools or (lambda: offline),
        demo=demo or demo_call(),
        **({"static": static} if static else {}),
    )
    recorder.start()
    live.start()
    keeper = Keeper(reviews.intake, store, output, bus.publish)
    try:
        with keeping(bus, keeper), serving(parts, **options) as running:
            yield running
    finally:
        live.stop()
        recorder.stop()
        store.close()
        reviews.close()
        board.close()


@contextlib.contextmanager
def serving(parts: Parts, **options: Any) -> Iterator[Home]:
    """The application behind a real server, in a thread."""
    started = threading.Event()
    server = make_server(create_app(parts, version="0", **options), started.set)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listening])), name="server"
        )
        thread.start()
        try:
            assert started.wait(LONG_S), "the server did not start"
            port = listening.getsockname()[1]
            yield Home(parts=parts, port=port, server=server, thread=thread)
        finally:
            server.should_exit = True
            thread.join(LONG_S)
            assert not thread.is_alive(), "the server did not stop"


def said(socket_: ClientConnection) -> dict[str, Any]:
    """The next message of a socket."""
    message: dict[str, Any] = json.loads(socket_.recv(timeout=LONG_S))
    return message


def tell(socket_: ClientConnection, kind: str, **fields: Any) -> None:
    """Send a message."""
    socket_.send(json.dumps({"type": kind, **fields}))


def hello(rate: int = RATE, *legs: str, **fields: Any) -> dict[str, Any]:
    """Fields of a `hello`."""
    names = list(legs or ("customer",))
    notice = {"method": "announced"}
    return {
        "v": 1,
        "rate": rate,
        "channels": len(names),
        "legs": names,
        "notice": notice,
        **fields,
    }


def pcm(samples: np.ndarray) -> bytes:
    """Samples in [-1, 1] as s16 little-endian."""
    return np.clip(samples * 32768, -32768, 32767).astype("<i2").tobytes()


def recording(folder: Path, seconds: float = 4.0, channels: int = 1) -> Path:
    """A WAV file with a voice in it."""
    path = folder / "call.wav"
    sound = np.stack([voice(seconds, seed=number) for number in range(channels)], axis=1)
    soundfile.write(path, sound, RATE)
    return path
