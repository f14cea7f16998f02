"""Senders of a bench: processes of their own, so that neither the viewer nor the server waits for
them. Each notes when it sent what, in a file that the viewer reads meanwhile."""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ..models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ..stream.sources.pcm_messages import SUBPROTOCOL
from .options import Failure

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all senders send."""

    port: int
    sessions: int
    seconds: float
    legs: tuple[str, ...]
    message_ms: int
    folder: Path
    """Holds the sound, int16 [n, legs] at 16 kHz, and the times."""

    @property
    def message(self) -> int:
        """Samples in one message."""
        return SAMPLE_RATE * self.message_ms // 1000

    @property
    def turns(self) -> int:
        """Messages of one session."""
        return int(self.seconds * 1000 / self.message_ms)

    @property
    def sound(self) -> Path:
        """Where the sound lies."""
        return self.folder / "sound.npy"

    @property
    def times(self) -> Path:
        """Where the times lie."""
        return self.folder / "sent.npy"


def name_of(number: int) -> str:
    """Name of a sender's session."""
    return f"bench-{number}"


class Sent:
    """Wall times at which messages left, in nanoseconds; 0: not yet."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._times: npt.NDArray[np.int64] = np.load(load.times, mmap_mode="r")

    def at(self, number: int, frame: int) -> int:
        """When the last sample of a 20 ms frame of a session left its sender."""
        last_sample = (frame + 1) * FRAME_SAMPLES - 1
        return int(
            self._times[number, min(last_sample // self._load.message, self._load.turns - 1)]
        )


@contextmanager
def sending(load: Load, speech: Pcm, processes: int) -> Iterator[list[Any]]:
    """Let sessions be sent by so many processes; they end by themselves or with the block.

    Yields the processes. `outcome` says afterwards whether all went well.
    """
    np.save(load.sound, speech)
    np.save(load.times, np.zeros((load.sessions, load.turns), np.int64))
    context = multiprocessing.get_context("spawn")
    running = [
        context.Process(target=send_all, args=(load, number, processes), daemon=True)
        for number in range(min(processes, load.sessions))
    ]
    for process in running:
        process.start()
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
            process.join()


def outcome(running: list[Any]) -> None:
    """Raises Failure where a process of senders failed."""
    for process in running:
        process.join()
        if process.exitcode:
            raise Failure("a sender failed; see above")


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop that costs least: bench and server share the processor."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop


def senders_cpu(load: Load) -> float:
    """Seconds of processor time of all senders that have ended, their start included."""
    return sum(float(path.read_text()) for path in load.folder.glob("sender-*.cpu"))


def _cpu(load: Load, number: int) -> Path:
    return load.folder / f"sender-{number}.cpu"


def send_all(load: Load, first: int, step: int) -> None:
    """Send every `step`th session from `first` on, in real time. A process's work."""
    times = np.load(load.times, mmap_mode="r+")
    sound = np.load(load.sound, mmap_mode="r")

    async def together() -> None:
        numbers = range(first, load.sessions, step)
        await asyncio.gather(*(_send(load, sound, times[number], number) for number in numbers))

    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(together())
    _cpu(load, first).write_text(str(time.process_time()))


async def _send(load: Load, sound: Pcm, times: npt.NDArray[np.int64], number: int) -> None:
    # Every session starts elsewhere in the recording, so that they do not pause together.
    begins = number * len(sound) // load.sessions
    hello = {
        "type": "hello",
        "v": 1,
        "rate": SAMPLE_RATE,
        "channels": len(load.legs),
        "legs": list(load.legs),
        "name": name_of(number),
        "notice": {"method": "test"},
    }
    url = f"ws://127.0.0.1:{load.port}/ingest/v1"
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None) as sock:
        await sock.send(json.dumps(hello))
        reader = asyncio.create_task(_drain(sock))
        begun = time.monotonic()
        for turn in range(load.turns):
            await asyncio.sleep(begun + turn * load.message_ms / 1000 - time.monotonic())
            at = (begins + turn * load.message) % len(sound)
            part = sound[at : at + load.message]
            if len(part) < load.message:
                part = np.concatenate([part, sound[: load.message - len(part)]])
            times[turn] = time.time_ns()
            # What `send` does, without its checks for fragments of other tasks: they cost more
            # than the message.
            sock.protocol.send_binary(part.tobytes())
            sock.send_data()
        await sock.send(json.dumps({"type": "end"}))
        await reader


async def _drain(sock: Any) -> None:
    async for _ in sock:
        pass
