"""A real server around a real monitor, in this process, for the browser to open."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tonewatch.dashboard import compose
from tonewatch.dashboard.app import create_app
from tonewatch.dashboard.parts import Parts
from tonewatch.dashboard.server import Server, make_server
from tonewatch.dashboard.settings import ServerSettings
from tonewatch.models.labels import DISGUSTED, FEARFUL, MASKED_LOGIT, OTHER, UNKNOWN
from tonewatch.models.manifest import Manifest
from tonewatch.models.settings import EngineSettings
from tonewatch.models.window import Frames, Window
from tonewatch.stream.settings import RecordSettings, StreamSettings


@dataclass(frozen=True)
class TornEngine:
    """Reads every voice as torn between fear and disgust, whatever it hears."""

    manifest: Manifest
    provider: str = "scripted"

    def open(self, leg: str) -> None:
        """Nothing is kept."""

    def close(self, leg: str) -> None:
        """Nothing was kept."""

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """The same logits for every frame."""
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Frames:
        logits = np.zeros((self.manifest.frames_of(len(window.samples)), 9), np.float32)
        logits[:, [OTHER, UNKNOWN]] = MASKED_LOGIT
        logits[:, FEARFUL] = 5.0
        logits[:, DISGUSTED] = 4.2
        return Frames(
            leg=window.leg,
            start_frame=window.start_frame,
            logits=logits,
            features=np.zeros((len(logits), 1), np.float32),
            captured_at=window.captured_at,
            warming_up=window.warming_up,
        )


@contextlib.contextmanager
def monitor(output: Path) -> Iterator[Parts]:
    """A running monitor that keeps its sessions in `output`."""
    stream = StreamSettings(record=RecordSettings(output=output))
    with compose.running(EngineSettings(), stream, ServerSettings()) as parts:
        yield parts


class Site:
    """The server: starts, stops, and starts again on the same port."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._port = 0
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; returns when connections are taken."""
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        self._server = make_server(create_app(self._parts, version="test"))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="site"
        )
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and the port."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None


@contextlib.contextmanager
def site(parts: Parts) -> Iterator[Site]:
    """A started server, stopped at the end."""
    serving = Site(parts)
    serving.start()
    try:
        yield serving
    finally:
        serving.stop()
