"""`tonewatch serve` as a process: it starts, answers, and stops when it is told."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .shell import tonewatch


def test_a_port_in_use_is_named_with_the_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = tonewatch("serve", "--port", port, "--output", tmp_path)
    assert answer.exit_code == 1
    assert f"tonewatch: port {port} is in use; choose another one with --port" in answer.output


def test_an_open_address_needs_a_token() -> None:
    answer = tonewatch("serve", "--host", "0.0.0.0", "--port", 0)
    assert answer.exit_code == 1
    assert "token" in answer.output


def test_an_unknown_model_is_named() -> None:
    answer = tonewatch("serve", "--model", "oracle", "--port", 0)
    assert answer.exit_code == 1
    assert "oracle" in answer.output


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop_and_finishes_its_sessions(
    tmp_path: Path, order: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tonewatch", "serve", "--port", "0", "--output", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address
        state = asked(f"{address.group()}/healthz", server)
        assert state["model"] == "compact"
        page = urllib.request.urlopen(address.group(), timeout=10).read()
        assert b"<!doctype html>" in page.lower()
        demo = urllib.request.Request(
            f"{address.group()}/api/sessions",
            data=b'{"source": "demo"}',
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(demo, timeout=10).close()
        server.send_signal(order)
        assert server.wait(timeout=30) == 0
    (result,) = tmp_path.glob("*/result.json")
    assert json.loads(result.read_text())["session"]["state"] == "ended"


def asked(url: str, server: subprocess.Popen[str]) -> dict[str, object]:
    """The answer, as soon as there is one."""
    deadline = time.monotonic() + 60
    while True:
        assert server.poll() is None, "the server ended"
        try:
            answer: dict[str, object] = json.load(urllib.request.urlopen(url, timeout=10))
            return answer
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
