from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stream.record.world import MANIFEST, LoudnessEngine, made, session
from tests.stream.sound import voice

from tonewatch.models.registry import load_engine
from tonewatch.models.settings import EngineSettings
from tonewatch.models.window import Window
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.offline import Tools, analyze
from tonewatch.stream.pipeline import LegCore, LegUpdate
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.files import FolderError
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import frame_rows, read_rows
from tonewatch.stream.record.repair import repair
from tonewatch.stream.record.replay import heard_again, replay
from tonewatch.stream.settings import RecordSettings, StreamSettings

FRAMES = 400
SOUND = voice(FRAMES / 50)
SETTINGS = StreamSettings()


def piece(start: int, stop: int, *, gap: bool = False) -> Heard:
    samples = np.round(SOUND[start * 320 : stop * 320] * 32768).astype(np.float32) / 32768
    return Heard(
        leg="s1/customer",
        start_frame=start,
        samples=np.zeros_like(samples) if gap else samples,
        speech=np.full(stop - start, not gap),
        gap=np.full(stop - start, gap),
        captured_at=stop / 50,
    )


class Live:
    """A session as the live shell runs it: a core, answers that come late or never, a folder."""

    def __init__(self, output: Path, phase: int = 0) -> None:
        self.folder: SessionFolder = made(output)
        self.engine = LoudnessEngine()
        self.phase = phase
        self.waiting: list[Window] = []
        self.heard = 0
        self.begin(0)

    def begin(self, frame: int) -> None:
        self.core = LegCore(
            "s1/customer", SETTINGS, MANIFEST, phase_frames=self.phase, start_frame=frame
        )
        self.folder.begin_core("customer", frame, self.phase)

    def hear(self, count: int, *, gap: bool = False) -> None:
        stop = min(FRAMES, self.heard + count)
        heard = piece(self.heard, stop, gap=gap)
        self.folder.hear("customer", heard)
        self.waiting += self.core.hear(heard)
        self.heard = stop

    def answer(self, *, poor: bool = False) -> None:
        if not self.waiting:
            return
        (frames,) = self.engine.infer([self.waiting.pop(0)])
        self.keep(self.core.read(frames, "noise" if poor else ""), poor=poor)
        span = (frames.start_frame, frames.stop_frame, poor)
        self.folder.answered("customer", [span])

    def supersede(self) -> None:
        del self.waiting[:-1]

    def restart(self) -> None:
        self.keep(self.core.restart(self.heard))
        self.waiting.clear()
        self.folder.begin_core("customer", self.heard, self.phase, fresh=False)

    def stop(self) -> None:
        self.folder.end_core("customer", self.heard, finished=False)
        self.waiting.clear()

    def keep(self, update: LegUpdate, *, poor: bool = False) -> None:
        rows = frame_rows(update, poor=poor)
        self.folder.settle("customer", update.settled.start_frame, rows)

    def finish(self) -> Path:
        while self.waiting:
            self.answer()
        update, _ = self.core.finish()
        self.keep(update)
        return self.end()

    def end(self) -> Path:
        for _ in self.folder.end(replace(self.folder.info, state="ended")):
            pass
        return self.folder.path


def stored(path: Path) -> np.ndarray[Any, Any]:
    return np.array(read_rows(path, read_card(path).files[0]))


def assert_same_curve(path: Path) -> None:
    (again,) = replay(path, LoudnessEngine())
    on_disk = stored(path)
    assert (on_disk["state"] & 1).any()
    assert again.rows.tobytes() == on_disk.tobytes()


orders = st.lists(
    st.sampled_from(["hear 1", "hear 7", "hear 30", "gap", "answer", "poor", "supersede"]),
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders=orders, phase=st.integers(0, 11))
def test_a_replay_gives_the_same_curve_bit_for_bit(
    orders: list[str], phase: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    live = Live(tmp_path_factory.mktemp("replay"), phase)
    live.hear(100)
    live.answer()
    for order in orders:
        if order.startswith("hear"):
            live.hear(int(order.split()[1]))
        elif order == "gap":
            live.hear(20, gap=True)
        elif order == "supersede":
            live.supersede()
        else:
            live.answer(poor=order == "poor")
    live.hear(FRAMES)
    path = live.finish()
    assert_same_curve(path)


def test_breaks_restarts_and_stops_are_replayed(tmp_path: Path) -> None:
    live = Live(tmp_path, phase=5)
    live.hear(110)
    live.answer()
    live.restart()
    live.hear(90)
    live.answer()
    live.answer()
    live.stop()
    live.hear(50)
    live.waiting.clear()
    live.begin(live.heard)
    live.hear(FRAMES)
    assert_same_curve(live.finish())


def test_a_crashed_session_that_went_on_is_replayed(tmp_path: Path) -> None:
    live = Live(tmp_path, phase=2)
    live.hear(150)
    while live.waiting:
        live.answer()
    live.folder.flush()
    live.folder = SessionFolder.resume(live.folder.path)
    live.begin(live.folder.frames)
    live.hear(FRAMES)
    assert_same_curve(live.finish())


def test_a_session_that_was_repaired_is_replayed_as_far_as_it_went(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.hear(200)
    live.answer()
    live.answer()
    live.folder.flush()
    (done,) = repair(tmp_path, -1.0)
    assert_same_curve(done.path)


def test_a_recording_analysed_is_replayed(tmp_path: Path) -> None:
    sf.write(tmp_path / "call.wav", voice(7, pause=1.0, rate=44_100), 44_100)
    shared = Tools(
        engine=LoudnessEngine(),
        vad=Vad(),
        settings=StreamSettings(record=RecordSettings(output=tmp_path / "out")),
    )
    found = analyze(tmp_path / "call.wav", shared)
    assert_same_curve(found.folder)
    (again,) = replay(found.folder, LoudnessEngine(), batch=3)
    episodes = [episode["id"] for episode in found.result["episodes"]]
    assert list(again.episodes) == episodes


def test_sound_comes_back_as_it_was_heard(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.hear(60)
    live.hear(20, gap=True)
    live.hear(45)
    path = live.end()
    files = read_card(path).files[0]

    def joined(pieces: Iterator[Heard]) -> tuple[np.ndarray, ...]:
        kept = list(pieces)
        columns = ("samples", "speech", "gap")
        return tuple(np.concatenate([getattr(one, name) for one in kept]) for name in columns)

    found = joined(heard_again(path, files, 0, 1000))
    expected = joined(iter([piece(0, 60), piece(60, 80, gap=True), piece(80, 125)]))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)
    part = joined(heard_again(path, files, 50, 90))
    assert np.array_equal(part[0], expected[0][50 * 320 : 90 * 320])


def test_a_session_without_its_sound_is_not_replayed(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.hear(100)
    path = live.finish()
    (path / "processed_audio.wav").unlink()
    with pytest.raises(FolderError, match="the sound was deleted"):
        replay(path, LoudnessEngine())


def test_another_model_is_refused(tmp_path: Path) -> None:
    live = Live(tmp_path)
    live.hear(100)
    path = live.finish()
    engine = LoudnessEngine()
    engine.manifest = MANIFEST.model_copy(update={"name": "other"})
    with pytest.raises(FolderError, match="was read by model fake 1; replay it with that one"):
        replay(path, engine)


def test_a_session_that_was_not_scored_has_nothing_to_replay(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("agent",)))
    for _ in folder.end(replace(folder.info, state="ended")):
        pass
    assert replay(folder.path, LoudnessEngine()) == []


def test_the_served_model_gives_the_same_curve_again(tmp_path: Path) -> None:
    sf.write(tmp_path / "call.wav", voice(6, pause=1.0, rate=48_000), 48_000)
    engine = load_engine(EngineSettings(model="compact", provider="cpu"))
    shared = Tools(
        engine=engine,
        vad=Vad(),
        settings=StreamSettings(record=RecordSettings(output=tmp_path / "out")),
    )
    found = analyze(tmp_path / "call.wav", shared)
    (again,) = replay(found.folder, engine, batch=1)
    assert (again.rows["state"] & 1).any()
    assert again.rows.tobytes() == stored(found.folder).tobytes()
