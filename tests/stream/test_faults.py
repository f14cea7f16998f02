"""What must not stop a monitor: each fault is shown, and the sessions live on."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from tests.stream.house import LONG_S, RATE, GatedEngine, House, feed, house, spec
from tests.stream.sound import voice

from tonewatch.stream.events import Activity, Fault, Readings
from tonewatch.stream.session import Session


def finished(home: House, session: Session) -> dict[str, Any]:
    """The result of a session, told to end."""
    session.end()
    assert session.wait_closed(LONG_S)
    assert home.recorder.flush(LONG_S)
    result: dict[str, Any] = json.loads((home.folder(session) / "result.json").read_text())
    return result


@contextmanager
def disk_full() -> Iterator[None]:
    """The operating system itself lets no file grow any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_engine_that_fails_for_ever_is_one_fault_and_calls_are_recorded(tmp_path: Path) -> None:
    engine = GatedEngine()
    engine.failing = RuntimeError("the graph is broken")
    engine.go.set()
    with house(tmp_path, engine) as home:
        sessions = [home.monitor.open(spec(name=name, pace="file")) for name in ("one", "two")]
        for session in sessions:
            feed(session, voice(4))
        home.seen.wait(Fault)
        results = [finished(home, session) for session in sessions]
        (shown,) = home.board.faults()
        assert len(home.seen.of(Fault)) == 1
        assert home.seen.of(Readings) == [] or all(
            emotion is None for event in home.seen.of(Readings) for emotion in event.settled.emotion
        )
        heard = [sf.read(home.folder(session) / "processed_audio.wav")[0] for session in sessions]
    assert "the graph is broken" in shown.message
    assert shown.way_out
    for result, samples in zip(results, heard, strict=True):
        assert len(samples) == 4 * RATE
        assert (result["emotion"], result["session"]["state"]) == ("unknown", "ended")
        facts = result["live"]["customer"]
        assert facts["failed"] == facts["windows"] > 0


def test_on_a_full_disk_the_curves_go_on_and_the_fault_is_shown_until_it_is_over(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(pace="file"))
        feed(session, voice(2))
        home.seen.wait(Readings)
        assert home.recorder.flush(LONG_S)
        with disk_full():
            feed(session, voice(6, seed=1))
            fault = home.seen.wait(Fault)
            home.seen.wait(Activity, lambda event: event.stop_frame == 8 * 50)
            home.seen.wait(Readings, lambda event: event.settled.start > 6 * 50)
            assert home.board.faults() == (fault,)
        home.seen.wait(Fault, lambda fault: not fault.active)
        result = finished(home, session)
        samples, _ = sf.read(home.folder(session) / "processed_audio.wav")
    assert (fault.code, fault.session) == ("disk", session.id)
    assert "free space" in fault.way_out
    assert (len(samples), result["duration_s"]) == (8 * RATE, 8.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_broken_samples_of_a_live_source_are_counted_and_cost_nothing_else(
    tmp_path: Path, bad: float
) -> None:
    sound = voice(3)
    sound[RATE : RATE + 100] = bad
    with house(tmp_path) as home:
        session = home.monitor.open(spec(pace="file"))
        assert session.write(np.zeros((0, 1), np.float32))
        feed(session, sound)
        result = finished(home, session)
        samples, _ = sf.read(home.folder(session) / "processed_audio.wav", dtype="float32")
    assert result["live"]["customer"]["not_finite_samples"] == 100
    assert len(samples) == 3 * RATE
    assert not samples[RATE : RATE + 100].any()
    assert np.array_equal(samples[:RATE], np.round(sound[:RATE] * 32768) / 32768)
