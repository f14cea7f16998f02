"""A sound server and the real program, each a process of its own."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PATIENCE_S = 60.0


@contextmanager
def process(
    *command: str | Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block; what it says is thrown away unless it is read."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.communicate(timeout=PATIENCE_S)


@contextmanager
def saying(running: subprocess.Popen[str], pattern: str) -> Iterator[str]:
    """Wait for a line of a process; read on for the rest of the block, so that it never waits."""
    assert running.stdout is not None
    line = next((line for line in running.stdout if re.search(pattern, line)), None)
    assert line is not None, f"the process ended without saying {pattern!r}"
    reading = threading.Thread(target=running.stdout.read)
    reading.start()
    try:
        yield line
    finally:
        running.terminate()
        reading.join(PATIENCE_S)


@dataclass(frozen=True, slots=True)
class SoundServer:
    """PulseAudio with one sink that nobody hears; its monitor is the only microphone."""

    process: subprocess.Popen[Any]
    environment: dict[str, str]

    def player(self, path: Path) -> Any:
        """A process that plays a file into the sink, to be used in a `with`."""
        return process("paplay", "--device=call", path, environment=self.environment)


@contextmanager
def sound_server(home: Path) -> Iterator[SoundServer]:
    """Start it, its sockets and cookies under `home`."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(home), "HOME": str(home)}
    environment.pop("PULSE_SERVER", None)
    with process(
        "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=info",
        "--load=module-native-protocol-unix",
        "--load=module-null-sink sink_name=call rate=48000 channels=1",
        environment=environment,
    ) as running, saying(running, "Daemon startup complete"):  # fmt: skip
        yield SoundServer(running, environment)


@dataclass(frozen=True, slots=True)
class Tonewatch:
    """The program, as `tonewatch serve` starts it."""

    port: int
    outputs: Path
    process: subprocess.Popen[str]

    def ask(self, path: str, body: Any = None) -> Any:
        """A REST call; the answer's JSON."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def listen(self, name: str) -> str:
        """Begin to listen to the microphone, the people told; the session's id."""
        notice = {"method": "spoken", "text": "This call is analysed."}
        body = {"source": "microphone", "name": name, "device": "pulse", "notice": notice}
        return str(self.ask("/api/sessions", body)["session"])

    def events(self) -> Iterator[dict[str, Any]]:
        """What a viewer sees, the snapshot first."""
        with connect(f"ws://127.0.0.1:{self.port}/ws/live", max_size=None) as viewer:
            while True:
                yield json.loads(viewer.recv(timeout=PATIENCE_S))

    def folder(self, session: str) -> Path:
        """The session's folder, finished: the program stops, which finishes all."""
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_S)
        cards = self.outputs.glob("*/session.json")
        (folder,) = (card.parent for card in cards if session in card.read_text(encoding="utf-8"))
        return folder


@contextmanager
def tonewatch(environment: Mapping[str, str], outputs: Path) -> Iterator[Tonewatch]:
    """Start the server on a free port and wait for its engine."""
    with process(
        sys.executable, "-m", "tonewatch", "serve", "--port", "0", "--output", outputs,
        "--model", "compact", environment=environment,
    ) as running, saying(running, r"http://\S+:\d+") as line:  # fmt: skip
        program = Tonewatch(int(line.rsplit(":", 1)[1]), outputs, running)
        engines = (
            event["engine"] if event["type"] == "snapshot" else event
            for event in program.events()
            if event["type"] in ("snapshot", "engine")
        )
        next(engine for engine in engines if engine and not engine["loading"])
        yield program
