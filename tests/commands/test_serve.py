"""`tonewatch serve` as a process: it starts, answers, and stops when it is told."""

import contextlib
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.stream.sound import RATE, voice
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tonewatch.commands.options import Failure
from tonewatch.commands.serve import _device_trouble, _listen
from tonewatch.models.registry import EMBEDDED
from tonewatch.settings import load
from tonewatch.stream.sources.pcm_messages import SUBPROTOCOL

from .shell import tonewatch

LONG_S = 60.0
TOLD = {"method": "announced"}


def test_a_port_in_use_is_named_with_the_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = tonewatch("serve", "--port", port, "--output", tmp_path)
    assert answer.exit_code == 1
    assert f"tonewatch: port {port} is in use; choose another one with --port" in answer.output


def test_a_port_is_taken_before_the_server_is_ready() -> None:
    settings = load(environ={}, assignments=["server.port=0"])
    with _listen(settings) as first:
        port = first.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} is in use"):
            _listen(load(environ={}, assignments=[f"server.port={port}"]))


def test_an_output_folder_that_takes_nothing_is_named_with_the_option(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    answer = tonewatch("serve", "--port", 0, "--output", blocked / "out")
    assert answer.exit_code == 1
    assert f"cannot write to the output folder {blocked / 'out'}" in answer.output
    assert "--output" in answer.output


def test_a_microphone_that_is_not_there_is_told_at_the_start() -> None:
    assert _device_trouble(None) == []
    (line,) = _device_trouble("no such microphone")
    assert line.startswith("--device no such microphone: ")


def test_a_provider_that_is_demanded_and_does_not_load_is_an_error(tmp_path: Path) -> None:
    if shutil.which("nvidia-smi"):
        pytest.skip("it may load here")
    answer = tonewatch("serve", "--provider", "cuda", "--port", 0, "--output", tmp_path)
    assert answer.exit_code == 1
    assert "provider 'cuda' was demanded" in answer.output


def test_an_open_address_needs_a_token() -> None:
    answer = tonewatch("serve", "--host", "0.0.0.0", "--port", 0)
    assert answer.exit_code == 1
    assert "token" in answer.output


def test_an_unknown_model_is_named() -> None:
    answer = tonewatch("serve", "--model", "oracle", "--port", 0)
    assert answer.exit_code == 2
    assert "oracle" in answer.output


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop_and_finishes_its_sessions(
    tmp_path: Path, order: signal.Signals
) -> None:
    with served(tmp_path) as (server, port):
        state = json.load(
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=LONG_S)
        )
        assert state["model"] == EMBEDDED
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=LONG_S).read()
        assert b"<!doctype html>" in page.lower()
        demo = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/sessions",
            data=b'{"source": "demo"}',
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(demo, timeout=LONG_S).close()
        server.send_signal(order)
        assert server.wait(timeout=LONG_S) == 0
    (result,) = tmp_path.glob("*/result.json")
    assert json.loads(result.read_text())["session"]["state"] == "ended"


@pytest.mark.parametrize(
    ("order", "code"), [(signal.SIGTERM, 1001), (signal.SIGKILL, 1006)], ids=["stopped", "killed"]
)
def test_a_sender_goes_on_after_a_new_start_and_nothing_is_lost_or_doubled(
    tmp_path: Path, order: signal.Signals, code: int
) -> None:
    samples = np.round(voice(5) * 32768).astype("<i2")
    with served(tmp_path) as (server, port):
        with sender(port) as first:
            tell(first, "hello", rate=RATE, channels=1, legs=["customer"], notice=TOLD)
            ready = said(first)
            for start in range(0, 3 * RATE, 320):
                first.send(samples[start : start + 320].tobytes())
            durable = next(m["durable"] for m in iter(lambda: said(first), {}) if m.get("durable"))
            server.send_signal(order)
            with contextlib.suppress(ConnectionClosed):
                while True:
                    said(first)
            assert (first.close_code or 1006) == code
        server.wait(timeout=LONG_S)
    with served(tmp_path) as (_, port), sender(port) as second:
        tell(second, "resume", session=ready["session"], resume_token=ready["resume_token"])
        again = said(second)
        assert durable <= again["next"] <= 3 * RATE
        for start in range(again["next"], len(samples), 320):
            second.send(samples[start : start + 320].tobytes())
        tell(second, "end")
        messages = iter(lambda: said(second), {})
        ended = next(message for message in messages if message["type"] == "ended")
        assert ended["next"] == len(samples)
    # Leaving the block above stopped the server, which finishes its folders first.
    (audio,) = tmp_path.glob("*/processed_audio.wav")
    heard, _ = soundfile.read(audio, dtype="int16")
    assert np.array_equal(heard, samples)
    assert json.loads((audio.parent / "result.json").read_text())["session"]["state"] == "ended"


@pytest.mark.slow
def test_a_call_outlives_one_server_after_another(tmp_path: Path) -> None:
    chance = random.Random()
    samples = np.round(voice(20) * 32768).astype("<i2")
    token, known = {}, 0
    for life in range(5):
        with served(tmp_path) as (server, port), sender(port) as socket_:
            if token:
                tell(socket_, "resume", **token)
            else:
                tell(socket_, "hello", rate=RATE, channels=1, legs=["customer"], notice=TOLD)
            ready = said(socket_)
            if ready["type"] == "error":
                # Killed before it had a folder: nothing was durable, the call begins anew.
                assert (ready["code"], known) == ("unknown_session", 0)
                token = {}
                continue
            token = {key: ready[key] for key in ("session", "resume_token")}
            assert known <= ready["next"] <= len(samples)
            last = life == 4
            stop = len(samples) if last else ready["next"] + chance.randrange(RATE // 10, 4 * RATE)
            with contextlib.suppress(ConnectionClosed):
                for start in range(ready["next"], stop, 800):
                    socket_.send(samples[start : min(stop, start + 800)].tobytes())
                    if not last and chance.random() < 0.02:
                        server.send_signal(chance.choice([signal.SIGTERM, signal.SIGKILL]))
                if last:
                    tell(socket_, "end")
                else:
                    server.send_signal(chance.choice([signal.SIGTERM, signal.SIGKILL]))
                while True:
                    known = max(known, said(socket_).get("durable", 0))
    (folder,) = (path.parent for path in tmp_path.glob("*/session.json"))
    heard, _ = soundfile.read(folder / "processed_audio.wav", dtype="int16")
    assert np.array_equal(heard, samples)
    # What was killed before it was a session's folder holds no sound.
    for path in tmp_path.glob("*/heard.u8"):
        assert path.parent == folder or path.stat().st_size == 0


@contextlib.contextmanager
def served(output: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server that accepts connections, and its port; stopped behind the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tonewatch", "serve", "--port", "0", "--output", output],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+:(\d+)", server.stdout.readline())
            assert address
            yield server, int(address.group(1))
        finally:
            server.terminate()
            server.wait(timeout=LONG_S)


def sender(port: int) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{port}/ingest/v1",
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        proxy=None,
        close_timeout=0.5,
    )


def tell(socket_: ClientConnection, kind: str, **fields: Any) -> None:
    socket_.send(json.dumps({"type": kind, "v": 1, **fields}))


def said(socket_: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket_.recv(timeout=LONG_S))
    return message
