"""A sound server and the real program, each a process of its own."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PATIENCE_S = 60.0


def until(met: Callable[[], Any], what: str) -> Any:
    """Ask again and again; another process has no event to wait for."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := met()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s for {what}"
        time.sleep(0.05)
    return answer


@contextmanager
def process(
    *command: str | Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[Any]]:
    """A process that ends with the block."""
    running = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(timeout=PATIENCE_S)


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
        "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error",
        "--load=module-native-protocol-unix",
        "--load=module-null-sink sink_name=call rate=48000 channels=1",
        environment=environment,
    ) as running:  # fmt: skip
        until((home / "pulse" / "native").exists, "the sound server")
        yield SoundServer(running, environment)


@dataclass(frozen=True, slots=True)
class Tonewatch:
    """The program, as `tonewatch serve` starts it."""

    port: int
    outputs: Path

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
        """The session's folder, once it is finished."""

        def finished() -> Path | None:
            for result in self.outputs.glob("*/result.json"):
                text = (result.parent / "events.jsonl").read_text(encoding="utf-8")
                if re.search(rf'"{session}"', text):
                    return result.parent
            return None

        folder: Path = until(finished, f"the folder of session {session}")
        return folder


@contextmanager
def tonewatch(environment: Mapping[str, str], outputs: Path) -> Iterator[Tonewatch]:
    """Start the server on a free port and wait for its engine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with process(
        sys.executable, "-m", "tonewatch", "serve", "--port", str(port), "--output", outputs,
        "--model", "compact", environment=environment,
    ) as running:  # fmt: skip
        program = Tonewatch(port, outputs)

        def ready() -> bool:
            assert running.poll() is None, "the server ended"
            try:
                return not program.ask("/healthz")["loading"]
            except OSError:
                return False

        until(ready, "the server")
        yield program
