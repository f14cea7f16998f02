"""A streaming engine through every shell: the same curve live, offline, again, at any hop."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.models.tiny_streaming import DELAY, tiny_streaming_model
from tests.stream.house import RATE, feed, house, spec
from tests.stream.sound import silence, voice
from tests.stream.test_monitor import closed

from tonewatch.models.streaming_engine import StreamingEngine
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.offline import AnalyzeResult, Tools, analyze
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.formats import ESTIMATE, SPEECH
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.record.replay import replay
from tonewatch.stream.settings import RecordSettings, StreamSettings, WindowSettings

CALL = np.concatenate([silence(1), voice(4), silence(3), voice(2.5, seed=2), silence(1.5)])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> StreamingEngine:
    return StreamingEngine(tiny_streaming_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "call.wav"
    sf.write(path, CALL, RATE)
    return path


def analysed(
    recording: Path, output: Path, engine: StreamingEngine, *, hop_ms: int = 240, batch: int = 8
) -> AnalyzeResult:
    settings = StreamSettings(
        record=RecordSettings(output=output), window=WindowSettings(hop_ms=hop_ms)
    )
    return analyze(recording, Tools(engine=engine, vad=Vad(), settings=settings, batch=batch))


def curve(folder: Path) -> np.ndarray:
    return np.array(read_rows(folder, read_card(folder).files[0]))


def test_every_frame_of_speech_gets_its_answer(
    tmp_path: Path, recording: Path, engine: StreamingEngine
) -> None:
    rows = curve(analysed(recording, tmp_path, engine).folder)
    spoken = rows["state"] & SPEECH > 0
    assert spoken.sum() > 200
    # Silence is around all speech: nothing waits for its answer at the end.
    assert (rows["state"][spoken] & ESTIMATE > 0).all()
    assert not (rows["state"][:30] & ESTIMATE).any()
    assert DELAY > 0


def test_a_replay_makes_the_same_curve_whatever_the_batch(
    tmp_path: Path, recording: Path, engine: StreamingEngine
) -> None:
    one = analysed(recording, tmp_path / "one", engine, batch=1)
    many = analysed(recording, tmp_path / "many", engine, batch=8)
    assert curve(one.folder).tobytes() == curve(many.folder).tobytes()
    (again,) = replay(many.folder, engine, batch=3)
    assert again.rows.tobytes() == curve(many.folder).tobytes()


def test_hops_of_240_and_480_ms_give_one_curve(
    tmp_path: Path, recording: Path, engine: StreamingEngine
) -> None:
    curves = [
        curve(analysed(recording, tmp_path / str(hop), engine, hop_ms=hop).folder)
        for hop in (240, 480)
    ]
    both = [rows["state"] & (SPEECH | ESTIMATE) == (SPEECH | ESTIMATE) for rows in curves]
    np.testing.assert_array_equal(both[0], both[1])
    for name in ("scores", "fear", "disgust"):
        np.testing.assert_allclose(
            curves[0][name][both[0]], curves[1][name][both[0]], atol=2e-3, err_msg=name
        )


def test_a_live_session_gives_what_a_file_gives(
    tmp_path: Path, recording: Path, engine: StreamingEngine
) -> None:
    offline = curve(analysed(recording, tmp_path / "offline", engine).folder)
    (heard, _) = sf.read(recording, dtype="float32")
    with house(tmp_path / "live", engine) as home:
        session = home.monitor.open(spec(source="recording", pace="file", notice=None))
        feed(session, heard)
        live = curve(closed(home, session))
    assert live.tobytes() == offline.tobytes()
