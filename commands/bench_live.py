"""A real server in its own process, real senders and a real viewer, in real time."""

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
import soxr
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from .options import Failure

RATE = SAMPLE_RATE
SUBPROTOCOL = Subprotocol("tonewatch.pcm.v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBench:
    """What to measure."""

    sessions: int
    seconds: float
    legs: tuple[str, ...]
    message_ms: int
    audio: Path | None
    model: str
    assignments: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What the viewer saw."""

    latency_ms: list[float] = field(default_factory=list)
    click_ms: list[float] = field(default_factory=list)
    """From a sample to the first event of any kind that covers it."""
    curve_ms: list[float] = field(default_factory=list)
    """From a frame of speech to the first point of a curve at or behind it."""
    first_curve_s: list[float] = field(default_factory=list)
    covered: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)
    events: int = 0
    superseded: int = 0


@dataclass(slots=True)
class _Sender:
    """One session's sound and the wall time at which each message left."""

    name: str
    pcm: np.ndarray[Any, np.dtype[np.int16]]
    message: int
    """Samples in one message."""
    sent_ns: list[int] = field(default_factory=list)


def run_live(bench: LiveBench, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Serve, send, watch; return figures by name."""
    speech = load_speech(bench.audio, channels=len(bench.legs))
    with tempfile.TemporaryDirectory() as folder:
        port, begun = _free_port(), time.monotonic()
        server = _serve(bench, port, Path(folder))
        try:
            ready = _wait_ready(port, server, begun)
            progress(f"page after {ready['page_s']:.1f} s, engine after {ready['engine_s']:.1f} s")
            seen, usage = asyncio.run(
                _measure(bench, port, speech, psutil.Process(server.pid), progress)
            )
        finally:
            server.terminate()
            server.wait(timeout=30)
    return _figures(bench, ready, seen, usage)


def load_speech(audio: Path | None, *, channels: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Speech as int16 [n, channels] at 16 kHz; the demo call when no file is named."""
    if audio is None:
        from ..stream.sources.demo import demo_call

        audio = demo_call()
    data, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    data = soxr.resample(data, rate, RATE)
    if data.shape[1] < channels:
        raise Failure(f"{audio}: has {data.shape[1]} channel; {channels} legs were asked for")
    return np.asarray(np.clip(data[:, :channels] * 32767, -32768, 32767), dtype=np.int16)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(bench: LiveBench, port: int, output: Path) -> subprocess.Popen[bytes]:
    settings = (f"stream.monitor.max_sessions={bench.sessions + 1}", *bench.assignments)
    chosen = [part for setting in settings for part in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, "-m", "tonewatch", "serve", "--port", str(port), "--output", str(output),
         "--model", bench.model, *chosen],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _wait_ready(port: int, server: subprocess.Popen[bytes], begun: float) -> dict[str, float]:
    page_s: float | None = None
    while time.monotonic() - begun < 60:
        if server.poll() is not None:
            raise Failure(f"the server ended with exit code {server.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                page_s = page_s or time.monotonic() - begun
                if not json.load(answer).get("loading", False):
                    return {"page_s": page_s, "engine_s": time.monotonic() - begun}
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.05)
    raise Failure("the server was not ready within 60 s")


async def _measure(
    bench: LiveBench,
    port: int,
    speech: np.ndarray[Any, np.dtype[np.int16]],
    process: psutil.Process,
    progress: Callable[[str], None],
) -> tuple[_Seen, dict[str, Any]]:
    seen = _Seen()
    senders = [
        # Every session starts elsewhere in the recording, so that they do not pause together.
        _Sender(
            f"bench-{i}",
            np.roll(speech, -i * len(speech) // bench.sessions, axis=0),
            RATE * bench.message_ms // 1000,
        )
        for i in range(bench.sessions)
    ]
    watch = asyncio.create_task(_watch(port, {s.name: s for s in senders}, seen))
    used, began = process.cpu_times(), time.monotonic()
    rss: list[float] = []
    sending = [asyncio.create_task(_send(bench, port, sender)) for sender in senders]
    while not all(task.done() for task in sending):
        await asyncio.wait(sending, timeout=5)
        rss.append(process.memory_info().rss / 2**20)
        progress(f"{time.monotonic() - began:5.0f} s  {seen.events} readings  {rss[-1]:.0f} MB")
    for task in sending:
        task.result()
    now, wall = process.cpu_times(), time.monotonic() - began
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    cpu = (now.user + now.system - used.user - used.system) / wall
    return seen, {"rss_mb": rss, "server_cores": cpu}


async def _send(bench: LiveBench, port: int, sender: _Sender) -> None:
    samples = sender.message
    hello = {
        "type": "hello",
        "v": 1,
        "rate": RATE,
        "channels": len(bench.legs),
        "legs": list(bench.legs),
        "name": sender.name,
        "notice": {"method": "test"},
    }
    async with connect(
        f"ws://127.0.0.1:{port}/ingest/v1", subprotocols=[SUBPROTOCOL], compression=None
    ) as sock:
        await sock.send(json.dumps(hello))
        reader = asyncio.create_task(_drain(sock))
        begun = time.monotonic()
        for turn in range(int(bench.seconds * 1000 / bench.message_ms)):
            await asyncio.sleep(begun + turn * bench.message_ms / 1000 - time.monotonic())
            at = turn * samples % (len(sender.pcm) - samples)
            sender.sent_ns.append(time.time_ns())
            await sock.send(sender.pcm[at : at + samples].tobytes())
        await sock.send(json.dumps({"type": "end"}))
        await reader


async def _drain(sock: Any) -> None:
    async for _ in sock:
        pass


async def _watch(port: int, senders: dict[str, _Sender], seen: _Seen) -> None:
    names: dict[str, str] = {}
    async with connect(f"ws://127.0.0.1:{port}/ws/live", max_size=None, compression=None) as sock:
        async for text in sock:
            now, event = time.time_ns(), json.loads(text)
            match event["type"]:
                case "session":
                    names[event["session"]["id"]] = event["session"]["name"]
                case "engine":
                    seen.superseded = event["superseded"]
                case "readings" | "activity" if event["session"] in names:
                    if event["leg"] == "customer":
                        _note(event, senders[names[event["session"]]], now, seen)


def _note(event: dict[str, Any], sender: _Sender, now: int, seen: _Seen) -> None:
    """Latency of the newest sample, and of every frame that this event is the first to hold."""
    if event["type"] == "activity":
        _cover(event["stop_frame"], sender, now, seen)
        return
    seen.events += 1
    seen.latency_ms.append((now - event["captured_at_ns"]) / 1e6)
    for points in (event["settled"], event["provisional"]):
        for index, scores in enumerate(points["scores"]):
            frame = points["start"] + index * points["step"]
            if scores is None or frame <= seen.drawn.get(sender.name, -1):
                continue
            behind = now - _sent_at(sender, frame)
            if sender.name not in seen.drawn:
                seen.first_curve_s.append(behind / 1e9)
            else:
                seen.curve_ms.append(behind / 1e6)
            seen.drawn[sender.name] = frame
            _cover(frame, sender, now, seen)


def _cover(stop: int, sender: _Sender, now: int, seen: _Seen) -> None:
    for frame in range(seen.covered.get(sender.name, 0), stop):
        seen.click_ms.append((now - _sent_at(sender, frame)) / 1e6)
    seen.covered[sender.name] = max(stop, seen.covered.get(sender.name, 0))


def _sent_at(sender: _Sender, frame: int) -> int:
    """Wall time at which the last sample of a frame left the sender, in nanoseconds."""
    last_sample = (frame + 1) * FRAME_SAMPLES - 1
    return sender.sent_ns[min(last_sample // sender.message, len(sender.sent_ns) - 1)]


def _figures(
    bench: LiveBench, ready: dict[str, float], seen: _Seen, usage: dict[str, Any]
) -> dict[str, Any]:
    if not seen.latency_ms:
        raise Failure("no reading arrived: is there speech in the recording?")
    figures: dict[str, Any] = {"sessions": bench.sessions, "seconds": bench.seconds, **ready}
    for name, values in (
        ("latency", seen.latency_ms),
        ("click", seen.click_ms),
        ("curve", seen.curve_ms),
    ):
        for share in (50, 95, 99):
            figures[f"{name}_p{share}_ms"] = float(np.percentile(values, share))
    figures |= {
        "first_curve_p95_s": float(np.percentile(seen.first_curve_s, 95)),
        "readings": seen.events,
        "readings_per_session_s": seen.events / bench.sessions / bench.seconds,
        "superseded": seen.superseded,
        "server_cores": usage["server_cores"],
        "rss_max_mb": max(usage["rss_mb"]),
        "rss_end_mb": usage["rss_mb"][-1],
        "rss_mb": usage["rss_mb"],
    }
    return figures
