"""A whole monitor for tests: real threads, a real recorder, an engine that does as it is told."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tests.stream.record.world import LoudnessEngine

from tonewatch.models.engine import Engine
from tonewatch.models.window import Frames, Window
from tonewatch.stream.board import Board
from tonewatch.stream.bus import Bus
from tonewatch.stream.clock import Clock
from tonewatch.stream.events import Event, Notice
from tonewatch.stream.monitor import Monitor
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.session import Session
from tonewatch.stream.session_spec import LegSpec, SessionSpec
from tonewatch.stream.settings import RecordSettings, StreamSettings
from tonewatch.stream.sources.pcm_messages import role_of

RATE = 16_000
LONG_S = 20.0
"""How long a test waits for what must happen; never waited out when it does."""
TOLD = Notice(method="announced")


class Collector:
    """Every event of a bus, in order, with a way to wait for one."""

    def __init__(self, bus: Bus) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self._mailbox = bus.subscribe("collector", 1_000_000, "report")
        self._mailbox.on_ready(self._drain)

    def _drain(self) -> None:
        with self._changed:
            self.events += self._mailbox.take()  # type: ignore[arg-type]
            self._changed.notify_all()

    def of(self, kind: type) -> list[Any]:
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait(self, kind: type, good: Callable[[Any], bool] = lambda event: True) -> Any:
        def found() -> Any:
            return next((e for e in self.events if isinstance(e, kind) and good(e)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, LONG_S), f"no {kind}"
            return found()


class GatedEngine(LoudnessEngine):
    """Waits in each call until the test lets it go on; can be told to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.called = threading.Event()
        self.failing: Exception | None = None

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.called.set()
        assert self.go.wait(LONG_S)
        if self.failing is not None:
            raise self.failing
        return super().infer(windows)


class House:
    """A monitor with everything around it."""

    def __init__(
        self,
        output: Path,
        engine: Engine | None = None,
        clock: Clock | None = None,
        **sections: Any,
    ) -> None:
        self.settings = StreamSettings(record=RecordSettings(output=output), **sections)
        self.engine = engine or LoudnessEngine()
        self.bus = Bus()
        self.board = Board(self.bus)
        self.seen = Collector(self.bus)
        self.recorder = Recorder(self.settings.record, on_fault=self.bus.publish)
        self.monitor = Monitor(
            self.settings,
            manifest=self.engine.manifest,
            load=lambda: self.engine,
            bus=self.bus,
            recorder=self.recorder,
            clock=clock,
        )

    def folder(self, session: Session) -> Path:
        found = self.recorder.folder(session.id)
        assert found is not None
        return found


@contextmanager
def house(
    output: Path, engine: Engine | None = None, clock: Clock | None = None, **sections: Any
) -> Iterator[House]:
    made = House(output, engine, clock, **sections)
    made.recorder.start()
    made.monitor.start()
    try:
        yield made
    finally:
        made.monitor.stop()
        made.recorder.stop()


def spec(*legs: str, pace: str = "live", rate: int = RATE, **fields: Any) -> SessionSpec:
    return SessionSpec(
        **{
            "source": "ingest",
            "rate": rate,
            "legs": tuple(LegSpec(name=leg, role=role_of(leg)) for leg in legs or ("customer",)),
            "notice": TOLD,
            "pace": pace,
            **fields,
        }
    )


def feed(session: Session, *channels: np.ndarray, size: int = 320) -> None:
    """Write channels as fast as the session takes them."""
    block = np.stack(channels, axis=1).astype(np.float32)
    for start in range(0, len(block), size):
        assert session.wait_free(size, LONG_S)
        assert session.write(block[start : start + size])
