from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.house import LONG_S, House, house
from tests.stream.sound import voice

from tonewatch.stream.admission import AdmissionError
from tonewatch.stream.events import Fault, Readings
from tonewatch.stream.session import Session
from tonewatch.stream.settings import MonitorSettings
from tonewatch.stream.sources.reading import RecordingError
from tonewatch.stream.sources.recording import play


def saved(path: Path, *channels: np.ndarray, rate: int = 16_000) -> Path:
    sf.write(path, np.stack(channels, axis=1), rate, subtype="PCM_16")
    return path


def whole(home: House, session: Session) -> np.ndarray:
    """What the session heard, when it has ended by itself."""
    assert session.wait_closed(LONG_S)
    assert home.recorder.flush(LONG_S)
    return sf.read(home.folder(session) / "processed_audio.wav", dtype="int16")[0]


def test_a_recording_is_played_as_fast_as_it_is_read_and_nothing_is_lost(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.wav", voice(25))
    with house(tmp_path / "out") as home:
        session = play(home.monitor, path, pace="file")
        heard = whole(home, session)
        assert session.info.name == "call"
        assert (session.info.state, session.info.pace) == ("ended", "file")
        assert session.info.notice is not None
        assert session.info.notice.method == "test"
        assert home.monitor.status().latency_p50_ms is None
    assert np.array_equal(heard, sf.read(path, dtype="int16")[0])


def test_a_recording_is_played_as_fast_as_time(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.wav", voice(1.5))
    with house(tmp_path / "out") as home:
        begun = home.monitor._clock.now()
        session = play(home.monitor, path)
        heard = whole(home, session)
        assert home.monitor._clock.now() - begun >= 1.5
        assert session.info.pace == "live"
    assert np.array_equal(heard, sf.read(path, dtype="int16")[0])


def test_two_channels_are_customer_and_agent_unless_they_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.wav", voice(3), voice(3, seed=5))
    with house(tmp_path / "out") as home:
        usual = play(home.monitor, path, pace="file")
        named = play(home.monitor, path, pace="file", legs=["agent", "customer"])
        assert [(leg.name, leg.scored) for leg in usual.info.legs] == [
            ("customer", True),
            ("agent", False),
        ]
        assert [(leg.name, leg.scored) for leg in named.info.legs] == [
            ("agent", False),
            ("customer", True),
        ]
        assert usual.wait_closed(LONG_S)
        assert named.wait_closed(LONG_S)
        assert {event.leg for event in home.seen.of(Readings)} == {"customer"}


def test_a_file_that_was_cut_short_is_kept_up_to_there(tmp_path: Path) -> None:
    path = saved(tmp_path / "secret_name.wav", voice(4))
    path.write_bytes(path.read_bytes()[: 2 * 16_000 * 2 + 44])
    with house(tmp_path / "out") as home:
        session = play(home.monitor, path, pace="file", name="desk 7", remove=True)
        heard = whole(home, session)
        fault = home.seen.wait(Fault)
        assert "cut short" in fault.message
        assert str(tmp_path) not in fault.message
        assert session.info.state == "lost"
    assert len(heard) == 2 * 16_000
    assert not path.exists()


def test_a_session_that_is_stopped_stops_its_feeder(tmp_path: Path) -> None:
    path = saved(tmp_path / "call.wav", voice(60))
    with house(tmp_path / "out") as home:
        session = play(home.monitor, path, remove=True)
        home.seen.wait(Readings)
        session.end()
        assert session.wait_closed(LONG_S)
    assert not path.exists()


def test_what_cannot_be_played_begins_no_session_and_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"no sound at all")
    with house(tmp_path / "out", monitor=MonitorSettings(max_sessions=1)) as home:
        with pytest.raises(RecordingError, match=r"call\.wav: not a sound file"):
            play(home.monitor, path, remove=True)
        assert not path.exists()
        assert home.monitor.sessions == ()
        good = saved(tmp_path / "good.wav", voice(30))
        play(home.monitor, good)
        with pytest.raises(AdmissionError):
            play(home.monitor, good, remove=True)
        assert not good.exists()
