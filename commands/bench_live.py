"""A real server, real senders, each in processes of their own, and a real viewer, in real time."""

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
import soxr
from pydantic_core import from_json
from websockets.asyncio.client import connect

from ..models.grid import SAMPLE_RATE
from .bench_senders import Load, Pcm, Sent, fast_loop, name_of, outcome, senders_cpu, sending
from .options import Failure

RATE = SAMPLE_RATE
RSS_EVERY_S = 10.0
CPU = ("server_cores", "server_ms_per_session_s", "senders_cores", "viewer_cores")
"""Figures of processor time: cores in use, and the server's time for a second of one session."""


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
    processes: int = 1
    """Processes that the senders share."""


@dataclass(slots=True)
class _Seen:
    """What the viewer saw."""

    latency_ms: list[float] = field(default_factory=list)
    """From the newest sample that a reading rests on."""
    at_ns: list[int] = field(default_factory=list)
    """When these readings came."""
    click_ms: list[float] = field(default_factory=list)
    """From a sample to the first event of any kind that covers it."""
    curve_ms: list[float] = field(default_factory=list)
    """From a frame of speech to the first point of a curve at or behind it."""
    first_curve_s: list[float] = field(default_factory=list)
    covered: dict[int, int] = field(default_factory=dict)
    drawn: dict[int, int] = field(default_factory=dict)
    events: int = 0
    superseded: int = 0


def run_live(bench: LiveBench, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Serve, send, watch; return figures by name."""
    speech = load_speech(bench.audio, channels=len(bench.legs))
    with tempfile.TemporaryDirectory() as folder:
        port, begun = _free_port(), time.monotonic()
        server = _serve(bench, port, Path(folder))
        try:
            ready = _wait_ready(port, server, begun)
            progress(f"page after {ready['page_s']:.1f} s, engine after {ready['engine_s']:.1f} s")
            load = Load(
                port=port,
                sessions=bench.sessions,
                seconds=bench.seconds,
                legs=bench.legs,
                message_ms=bench.message_ms,
                folder=Path(folder),
            )
            with (
                sending(load, speech, bench.processes) as senders,
                asyncio.Runner(loop_factory=fast_loop()) as runner,
            ):
                seen, usage = runner.run(
                    _measure(load, senders, psutil.Process(server.pid), progress)
                )
        finally:
            server.terminate()
            server.wait(timeout=30)
    return _figures(bench, ready, seen, usage)


def load_speech(audio: Path | None, *, channels: int) -> Pcm:
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
        except OSError:  # refused, or too slow to answer
            pass
        time.sleep(0.05)
    raise Failure("the server was not ready within 60 s")


async def _measure(
    load: Load, senders: list[Any], process: psutil.Process, progress: Callable[[str], None]
) -> tuple[_Seen, dict[str, Any]]:
    seen = _Seen()
    watch = asyncio.create_task(_watch(load, seen))
    used, own, began = process.cpu_times(), time.process_time(), time.monotonic()
    rss: list[tuple[float, float]] = []
    ended = [asyncio.create_task(asyncio.to_thread(sender.join)) for sender in senders]
    while not all(task.done() for task in ended):
        await asyncio.wait(ended, timeout=RSS_EVERY_S, return_when=asyncio.ALL_COMPLETED)
        rss.append((time.monotonic() - began, process.memory_info().rss / 2**20))
        progress(f"{rss[-1][0]:5.0f} s  {seen.events} readings  {rss[-1][1]:.0f} MB")
    outcome(senders)
    now, wall = process.cpu_times(), time.monotonic() - began
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    server = now.user + now.system - used.user - used.system
    return seen, {
        "rss": rss,
        "server_cores": server / wall,
        "server_ms_per_session_s": 1000 * server / load.sessions / wall,
        "senders_cores": senders_cpu(load) / wall,
        "viewer_cores": (time.process_time() - own) / wall,
    }


async def _watch(load: Load, seen: _Seen) -> None:
    sent = Sent(load)
    known = {name_of(number): number for number in range(load.sessions)}
    numbers: dict[str, int] = {}
    url = f"ws://127.0.0.1:{load.port}/ws/live"
    async with connect(url, max_size=None, compression=None) as sock:
        async for text in sock:
            now, event = time.time_ns(), from_json(text)
            match event["type"]:
                case "session":
                    numbers[event["session"]["id"]] = known[event["session"]["name"]]
                case "engine":
                    seen.superseded = event["superseded"]
                case "snapshot":
                    shown = [session["info"] for session in event["sessions"]]
                    numbers |= {info["id"]: known[info["name"]] for info in shown}
                case "readings" | "activity" if event["session"] in numbers:
                    if event["leg"] == "customer":
                        _note(event, numbers[event["session"]], sent, now, seen)


def _note(event: dict[str, Any], number: int, sent: Sent, now: int, seen: _Seen) -> None:
    """Latency of the newest sample, and of every frame that this event is the first to hold."""
    if event["type"] == "activity":
        _cover(event["stop_frame"], number, sent, now, seen)
        return
    seen.events += 1
    seen.latency_ms.append((now - event["captured_at_ns"]) / 1e6)
    seen.at_ns.append(now)
    for points in (event["settled"], event["provisional"]):
        for index, scores in enumerate(points["scores"]):
            frame = points["start"] + index * points["step"]
            if scores is None or frame <= seen.drawn.get(number, -1):
                continue
            behind = now - sent.at(number, frame)
            if number not in seen.drawn:
                seen.first_curve_s.append(behind / 1e9)
            else:
                seen.curve_ms.append(behind / 1e6)
            seen.drawn[number] = frame
            _cover(frame, number, sent, now, seen)


def _cover(stop: int, number: int, sent: Sent, now: int, seen: _Seen) -> None:
    for frame in range(seen.covered.get(number, 0), stop):
        seen.click_ms.append((now - sent.at(number, frame)) / 1e6)
    seen.covered[number] = max(stop, seen.covered.get(number, 0))


def flatness(rss: list[tuple[float, float]]) -> dict[str, float]:
    """How flat memory is: (seconds, MB) in, once the first fifth, the warming up, is left out.

    `rss_growth_mb`: median of the last third less that of the first. `rss_slope_mb_min`: MB in a
    minute, by least squares. Both 0 for fewer than four values.
    """
    steady = np.array(rss[len(rss) // 5 :]).reshape(-1, 2)
    if len(steady) < 4:
        return {"rss_growth_mb": 0.0, "rss_slope_mb_min": 0.0}
    seconds, megabytes = steady.T
    third = len(steady) // 3
    growth = np.median(megabytes[-third:]) - np.median(megabytes[:third])
    slope = np.polyfit(seconds / 60, megabytes, 1)[0]
    return {"rss_growth_mb": float(growth), "rss_slope_mb_min": float(slope)}


def second_by_second(at_ns: Sequence[int], values: Sequence[float]) -> list[float]:
    """95th percentiles of the values of each second since the first; 0 for one without any."""
    seconds = (np.array(at_ns) - at_ns[0]) // 1_000_000_000
    found = (np.array(values)[seconds == second] for second in range(int(seconds.max()) + 1))
    return [float(np.percentile(some, 95)) if len(some) else 0.0 for some in found]


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
        **{name: usage[name] for name in CPU},
        "rss_max_mb": max(megabytes for _, megabytes in usage["rss"]),
        "rss_end_mb": usage["rss"][-1][1],
        **flatness(usage["rss"]),
        "rss_s_mb": usage["rss"],
        "latency_p95_each_s_ms": second_by_second(seen.at_ns, seen.latency_ms),
    }
    return figures
