"""Pitch, on voices whose pitch is known."""

import threading

import numpy as np
import pytest
from tests.stream.decision.evidence.voices import voice

from tonewatch.stream.decision.evidence.pitch import HOP, Beside, Contour, SwiftF0


@pytest.mark.parametrize("hz", [90.0, 150.0, 260.0])
def test_the_pitch_of_a_voice_is_found_within_a_quarter_of_a_semitone(hz: float) -> None:
    contour = SwiftF0().track(voice(1.0, hz))
    found = contour.hz[contour.voiced]
    assert len(found) > 40
    assert abs(12 * np.log2(np.median(found) / hz)) < 0.25


def test_silence_and_noise_have_no_pitch() -> None:
    pitch = SwiftF0()
    assert not pitch.track(np.zeros(16_000, np.float32)).voiced.any()
    noise = np.random.default_rng(1).normal(0, 0.05, 16_000).astype(np.float32)
    assert pitch.track(noise).voiced.mean() < 0.1


def test_less_than_a_hop_has_no_values() -> None:
    assert len(SwiftF0().track(np.zeros(HOP - 1, np.float32)).hz) == 0


def test_semitones_count_from_100_hz_and_only_where_there_is_voice() -> None:
    contour = Contour(hz=np.array([200.0, 50.0]), voiced=np.array([True, False]))
    assert contour.semitones[0] == pytest.approx(12.0)
    assert np.isnan(contour.semitones[1])


def test_the_thread_beside_ends_when_told() -> None:
    before = set(threading.enumerate())
    beside = Beside(SwiftF0())
    found = beside.begin(lambda: beside.track(np.zeros(16_000, np.float32)))
    beside.end()
    assert not found().voiced.any()
    assert set(threading.enumerate()) == before


def test_what_was_begun_waits_while_it_is_busy_up_to_a_limit() -> None:
    busy, done = True, threading.Semaphore(0)
    beside = Beside(SwiftF0(), busy=lambda: busy, most=2)
    order: list[int] = []

    def act(number: int) -> None:
        order.append(number)
        done.release()

    held = [beside.begin(lambda number=number: act(number)) for number in range(3)]
    assert done.acquire(timeout=10)
    held[2]()
    assert order == [0, 2]
    busy = False
    beside.go_on()
    for _ in range(2):
        assert done.acquire(timeout=10)
    assert order == [0, 2, 1]
    beside.end()


def test_what_nobody_can_ask_for_any_more_is_never_done() -> None:
    busy, done = True, threading.Event()
    beside = Beside(SwiftF0(), busy=lambda: busy)
    order: list[str] = []
    beside.begin(lambda: order.append("forgotten"))
    kept = beside.begin(lambda: (order.append("kept"), done.set()))
    busy = False
    beside.go_on()
    assert done.wait(10)
    beside.end()
    kept()
    assert order == ["kept"]


def test_what_fails_beside_fails_for_who_asks() -> None:
    beside = Beside(SwiftF0())
    found = beside.begin(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        found()
    assert beside.begin(lambda: 7)() == 7
    beside.end()
    assert beside.begin(lambda: 8)() == 8


def test_what_somebody_will_wait_for_is_done_however_busy_it_is() -> None:
    beside, done = Beside(SwiftF0(), busy=lambda: True), threading.Event()
    order: list[str] = []
    first = beside.begin(lambda: order.append("first"))
    second = beside.begin(lambda: (order.append("second"), done.set()))
    second.hurry()
    assert done.wait(10)
    assert order == ["second"]
    first()
    second()
    first.hurry()
    beside.end()
    assert order == ["second", "first"]
