"""The microphone's thread with a device of software; tests/microphone plays a real one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.house import LONG_S, TOLD, House, house
from tests.stream.sound import voice

from tonewatch.stream.events import Fault, GapNoted, Readings
from tonewatch.stream.session import Session
from tonewatch.stream.sources import microphone
from tonewatch.stream.sources.devices import Device, DeviceError
from tonewatch.stream.sources.microphone import (
    MissingSamples,
    OnBlock,
    PortAudio,
    open_microphone,
)

RATE = 16_000
MIC = Device(index=0, name="desk mic", channels=1, rate=RATE, default=True)


class Desk:
    """A device that the test speaks into, unplugs and plugs in again."""

    def __init__(self) -> None:
        self.opened = threading.Semaphore(0)
        self.closed = 0
        self.refusing = False
        self.on_block: OnBlock = lambda block: None
        self.on_finished: Callable[[], None] = lambda: None

    def open(
        self, device: Device, rate: int, on_block: OnBlock, on_finished: Callable[[], None]
    ) -> "Desk":
        if self.refusing:
            raise DeviceError("cannot be opened")
        self.on_block, self.on_finished = on_block, on_finished
        self.opened.release()
        return self

    def close(self) -> None:
        self.closed += 1

    def wait_open(self) -> None:
        assert self.opened.acquire(timeout=LONG_S)

    def speak(self, samples: np.ndarray) -> None:
        for start in range(0, len(samples), 320):
            self.on_block(samples[start : start + 320, None])


@contextmanager
def call(tmp_path: Path, **listener: Any) -> Iterator[tuple[House, Desk, Session]]:
    with house(tmp_path, **listener) as home:
        desk = Desk()
        session = open_microphone(home.monitor, backend=desk, found=[MIC], notice=TOLD)
        desk.wait_open()
        yield home, desk, session


def test_what_is_spoken_into_a_microphone_is_scored_as_one_customer(tmp_path: Path) -> None:
    with call(tmp_path) as (home, desk, session):
        desk.speak(voice(3))
        home.seen.wait(Readings)
        session.end()
        assert session.wait_closed(LONG_S)
        (leg,) = session.info.legs
        assert (leg.role, leg.scored) == ("customer", True)
        assert "one customer" in leg.reason
        assert session.info.name == "desk mic"
    assert desk.closed == 1


@pytest.mark.parametrize("way", ["unplugged", "no blocks", "zeros"])
def test_a_lost_device_is_a_fault_and_a_gap_and_comes_back(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "ZEROS_S", 0.3)
    with call(tmp_path) as (home, desk, session):
        desk.speak(voice(0.5))
        desk.refusing = True
        if way == "unplugged":
            desk.on_finished()
        elif way == "zeros":
            while not home.seen.of(Fault):
                desk.speak(np.zeros(320, np.float32))
                session.wait_ended(0.02)
        fault = home.seen.wait(Fault)
        assert fault.session == session.id
        assert fault.active
        assert "desk mic" in fault.message
        assert home.board.faults() == (fault,)
        desk.refusing = False
        desk.wait_open()
        while home.board.faults():
            desk.speak(voice(0.1))
            session.wait_ended(0.02)
        session.end()
        assert session.wait_closed(LONG_S)
        # The first one may be what passed until the device was open.
        gap = home.seen.wait(GapNoted, lambda gap: gap.length > 0.05 * RATE)
        assert gap.reason == "device"


def test_the_gap_is_as_long_as_the_clock_says(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        time = [100.0]
        desk = Desk()
        taken = SimpleNamespace(items=[])
        session = SimpleNamespace(
            id="s",
            rate=RATE,
            position=0,
            write=lambda block, at: taken.items.append(("sound", len(block))) or True,
            gap=lambda length, reason, at: taken.items.append((reason, length)) or True,
        )
        mic = microphone.Microphone(home.monitor, session, MIC, desk, lambda: time[0])  # type: ignore[arg-type]
        time[0] = 100.5
        mic._take(np.ones((320, 1), np.float32))
        time[0] = 100.52
        mic._take(np.ones((320, 1), np.float32))
        mic._block_at = None
        time[0] = 103.02
        mic._take(np.ones((320, 1), np.float32))
    assert taken.items == [
        ("device", round(0.48 * RATE)),
        ("sound", 320),
        ("sound", 320),
        ("device", round(2.48 * RATE)),
        ("sound", 320),
    ]


def test_a_device_that_cannot_be_opened_is_a_fault_and_is_tried_again(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        desk = Desk()
        desk.refusing = True
        session = open_microphone(home.monitor, backend=desk, found=[MIC], notice=TOLD)
        assert home.seen.wait(Fault).message == "cannot be opened"
        desk.refusing = False
        desk.wait_open()
        session.end()


def test_an_unknown_device_begins_no_session(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        with pytest.raises(DeviceError, match="radio"):
            open_microphone(home.monitor, device="radio", backend=Desk(), found=[MIC])
        assert home.monitor.sessions == ()


class PortAudioError(Exception):
    pass


class FakeStream:
    def __init__(self, **options: Any) -> None:
        if options["device"] == 9:
            raise PortAudioError("busy")
        self.options = options
        self.closed: dict[str, Any] = {}

    def start(self) -> None:
        data = np.full((320, 1), 0.5, np.float32)
        self.options["callback"](data, 320, None, None)
        self.options["finished_callback"]()

    def close(self, **options: Any) -> None:
        self.closed = options


def test_port_audio_is_asked_for_one_channel_at_the_sessions_rate() -> None:
    backend = PortAudio(SimpleNamespace(InputStream=FakeStream, PortAudioError=PortAudioError))
    blocks, finished = [], []
    stream = backend.open(MIC, RATE, blocks.append, lambda: finished.append(True))
    assert [len(block) for block in blocks] == [320]
    assert finished
    stream.close()
    away = Device(index=9, name="away", channels=1, rate=RATE, default=False)
    with pytest.raises(DeviceError, match="'away' cannot be opened: busy"):
        backend.open(away, RATE, blocks.append, lambda: None)


@given(st.integers(0, 2**32 - 1), st.floats(-1e-4, 1e-4))
def test_a_steady_card_misses_nothing_whatever_its_clock_and_jitter(
    seed: int, drift: float
) -> None:
    rng = np.random.default_rng(seed)
    missing = MissingSamples(RATE)
    for step in range(600):
        now = 50.0 + step * 0.1
        whole = int((now - 50.0 - abs(rng.normal(0, 0.02))) * RATE * (1 + drift)) // 320 * 320
        assert missing.push(now, max(0, whole)) == 0


def test_samples_that_a_late_callback_lost_are_found_once() -> None:
    missing = MissingSamples(RATE)
    lost = 0
    found = []
    for step in range(100):
        now = step * 0.1
        if step == 50:
            lost = RATE // 2
        count = missing.push(now, round(now * RATE) - lost + sum(found))
        if count:
            found.append(count)
    assert len(found) == 1
    assert found[0] == pytest.approx(RATE // 2, rel=0.05)
