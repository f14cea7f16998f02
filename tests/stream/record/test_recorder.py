import os
import resource
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.stream.record.world import audio, flag, forced, made, session, settled, sound

from tonewatch.stream.events import EpisodeChanged, Fault, Mark
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.items import (
    Adopt,
    Answered,
    Changed,
    Close,
    CoreBegan,
    CoreEnded,
    Discard,
    Item,
    Logged,
    Open,
)
from tonewatch.stream.record.recorder import Recorder
from tonewatch.stream.record.result import read_result
from tonewatch.stream.session import ERASED
from tonewatch.stream.settings import RecordSettings


class Watch:
    """A recorder that runs, and what it told."""

    def __init__(self, output: Path, **record: object) -> None:
        self.faults: list[Fault] = []
        self.closed: dict[str, Path] = {}
        self.opened: dict[str, Path] = {}
        self.ended = threading.Event()
        self.output = output
        self.recorder = Recorder(
            RecordSettings(output=output, **record),  # type: ignore[arg-type]
            on_fault=self.faults.append,
            on_opened=self.opened.__setitem__,
            on_closed=self._closed,
        )

    def _closed(self, session: str, folder: Path) -> None:
        self.closed[session] = folder
        self.ended.set()

    def open(self, id: str = "s1", legs: tuple[str, ...] = ("customer",)) -> None:
        self.tell(Open(info=session(id, legs=legs), settings=forced(self.output)))

    def tell(self, *items: Item) -> None:
        for item in items:
            assert self.recorder.submit(item)

    def settle(self) -> None:
        assert self.recorder.flush(30)

    def close(self, id: str = "s1") -> Path:
        self.tell(Close(info=replace(session(id), state="ended")))
        assert self.ended.wait(30)
        return self.closed[id]


@contextmanager
def recording(output: Path, **record: object) -> Iterator[Watch]:
    watch = Watch(output, **record)
    watch.recorder.start()
    try:
        yield watch
    finally:
        watch.recorder.stop()


def wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_a_session_is_recorded_from_open_to_close(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        watch.open()
        watch.tell(
            CoreBegan(session="s1", leg="customer", start_frame=0, phase_frames=2),
            audio(0, 100),
            settled(0, 80, features=4),
            Answered(session="s1", leg="customer", spans=((0, 50, False), (12, 62, False))),
            Logged(session="s1", event=Mark(session="s1", name="note", at=0)),
            CoreEnded(session="s1", leg="customer", stop_frame=100, finished=True),
            Changed(info=session(name="new name")),
        )
        folder = watch.close()
    assert watch.faults == []
    assert np.array_equal(wav(folder / "processed_audio.wav"), sound(0, 100))
    assert {path.name for path in folder.iterdir()} == {
        "embedding.npy",
        "events.jsonl",
        "frames.csv",
        "frames.npy",
        "heard.u8",
        "processed_audio.wav",
        "result.json",
        "session.json",
        "settings.json",
        "windows.npy",
    }
    card = read_card(folder)
    assert card.info.state == "ended"
    assert (card.cores[0].stop_frame, card.cores[0].finished) == (100, True)


def test_scores_that_were_withdrawn_are_gone_and_the_sound_stays(tmp_path: Path) -> None:
    episode = flag(kind="dual", start=0, end=10, peak=5)
    with recording(tmp_path) as watch:
        watch.open()
        watch.tell(
            CoreBegan(session="s1", leg="customer", start_frame=0, phase_frames=2),
            audio(0, 100),
            settled(0, 80, features=4),
            Answered(session="s1", leg="customer", spans=((0, 50, False),)),
            Logged(
                session="s1",
                event=EpisodeChanged(session="s1", episode=episode, captured_at_ns=0),
            ),
        )
        watch.settle()
        watch.tell(
            CoreEnded(session="s1", leg="customer", stop_frame=100, finished=False),
            Logged(session="s1", event=Mark(session="s1", name=ERASED, at=32_000)),
            audio(100, 20),
        )
        folder = watch.close()
    assert watch.faults == []
    result = read_result(folder)
    assert (result["emotion"], result["episodes"]) == ("unknown", [])
    assert [mark["name"] for mark in result["marks"]] == [ERASED]
    assert not np.load(folder / "frames.npy")["state"].any()
    assert not (folder / "embedding.npy").exists()
    assert "e1" not in (folder / "events.jsonl").read_text()
    assert np.array_equal(wav(folder / "processed_audio.wav"), sound(0, 120))


def test_durable_frames_are_told_after_a_sync(tmp_path: Path) -> None:
    with recording(tmp_path, fsync_s=10) as watch:
        watch.open()
        # The first sync follows at once: sound that came with the opening would be in it.
        watch.settle()
        watch.tell(audio(0, 30))
        assert watch.recorder.durable("s1") == 0
        watch.settle()
        assert watch.recorder.durable("s1") == 30
        assert watch.recorder.folder("s1") == watch.opened["s1"]
        assert watch.recorder.durable("nobody") == 0
        assert watch.recorder.folder("nobody") is None


def test_syncs_come_by_themselves(tmp_path: Path) -> None:
    with recording(tmp_path, fsync_s=0.02) as watch:
        watch.open()
        watch.tell(audio(0, 30))
        done = threading.Event()
        for _ in range(1000):
            if watch.recorder.durable("s1") == 30:
                break
            done.wait(0.01)
        assert watch.recorder.durable("s1") == 30


def test_an_interrupted_session_goes_on_in_its_folder(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        watch.open()
        watch.tell(audio(0, 30))
    again = SessionFolder.resume(watch.opened["s1"])
    with recording(tmp_path) as watch:
        watch.tell(Adopt(folder=again), audio(again.frames, 20))
        folder = watch.close()
    assert folder == again.path
    assert np.array_equal(wav(folder / "processed_audio.wav"), sound(0, 50))


def test_sessions_do_not_mix(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        for id in ("a", "b"):
            watch.open(id)
        watch.tell(audio(0, 10, session="a"), audio(0, 20, session="b"))
        watch.settle()
        lengths = {id: len(wav(path / "processed_audio.wav")) for id, path in watch.opened.items()}
    assert lengths == {"a": 3200, "b": 6400}


def test_a_full_queue_refuses_sound_but_never_what_is_rare(tmp_path: Path) -> None:
    watch = Watch(tmp_path, queue=10)
    recorder = watch.recorder
    recorder.submit(Open(info=session(), settings=forced(tmp_path)))
    taken = [recorder.submit(audio(start, 1)) for start in range(20)]
    assert taken == [True] * 9 + [False] * 11
    assert recorder.submit(Logged(session="s1", event=Mark(session="s1", name="n", at=0)))
    assert [(fault.code, fault.active) for fault in watch.faults] == [("recorder queue", True)]
    recorder.start()
    watch.tell(audio(30, 1))
    folder = watch.close()
    recorder.stop()
    assert [(fault.code, fault.active) for fault in watch.faults][1:] == [("recorder queue", False)]
    assert recorder.statistics().refused == 11
    assert recorder.statistics().peak == 11
    expected = np.concatenate([sound(0, 9), np.zeros(21 * 320, np.int16), sound(30, 1)])
    assert np.array_equal(wav(folder / "processed_audio.wav"), expected)


@contextmanager
def disk_full(limit: int) -> Iterator[None]:
    """The operating system itself refuses files longer than `limit` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_what_was_missed_keeps_its_place(tmp_path: Path) -> None:
    with recording(tmp_path, fsync_s=10) as watch:
        watch.open()
        watch.tell(audio(0, 100))
        watch.settle()
        with disk_full(70_000):
            # 150 s of sound do not fit into what waits for the disk: some of it is given up.
            for start in range(100, 7600, 100):
                watch.tell(audio(start, 100))
                watch.settle()
            watch.tell(Logged(session="s1", event=Mark(session="s1", name="note", at=0)))
            assert [(fault.code, fault.active) for fault in watch.faults] == [("disk", True)]
            assert "cannot write to" in watch.faults[0].message
            assert "free space" in watch.faults[0].way_out
            assert watch.faults[0].session == "s1"
        watch.tell(audio(7600, 100))
        watch.settle()
        watch.settle()
        assert [fault.active for fault in watch.faults] == [True, False]
        folder = watch.close()
    found = wav(folder / "processed_audio.wav")
    assert len(found) == 7700 * 320
    assert np.array_equal(found[: 100 * 320], sound(0, 100))
    assert np.array_equal(found[7600 * 320 :], sound(7600, 100))
    kept = np.fromfile(folder / "heard.u8", np.uint8) > 0
    everything = sound(0, 7700).reshape(-1, 320)
    assert not kept.all()
    assert np.array_equal(found.reshape(-1, 320)[kept], everything[kept])
    assert not found.reshape(-1, 320)[~kept].any()


def test_a_folder_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    output = tmp_path / "outputs"
    output.write_text("a file stands where the folder should be")
    with recording(output, fsync_s=0.02) as watch:
        watch.open()
        watch.tell(
            CoreBegan(session="s1", leg="customer", start_frame=0, phase_frames=2), audio(0, 50)
        )
        watch.settle()
        assert [(fault.code, fault.active) for fault in watch.faults] == [("disk", True)]
        assert watch.recorder.folder("s1") is None
        output.unlink()
        watch.settle()
        watch.tell(audio(50, 50))
        folder = watch.close()
    assert [fault.active for fault in watch.faults] == [True, False]
    expected = np.concatenate([np.zeros(16_000, np.int16), sound(50, 50)])
    assert np.array_equal(wav(folder / "processed_audio.wav"), expected)
    assert read_card(folder).cores[0].phase_frames == 2


def test_a_session_that_never_had_a_folder_ends_without_one(tmp_path: Path) -> None:
    output = tmp_path / "outputs"
    output.write_text("in the way")
    with recording(output) as watch:
        watch.open()
        watch.tell(audio(0, 50), Close(info=session()))
        watch.settle()
    assert [fault.active for fault in watch.faults] == [True, False]
    assert watch.recorder.statistics().missed == 1


def test_a_folder_deleted_under_a_session_is_a_fault_of_that_session_alone(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        for id in ("a", "b"):
            watch.open(id)
        watch.settle()
        for path in watch.opened["a"].iterdir():
            path.unlink()
        watch.tell(audio(0, 10, session="a"), audio(0, 10, session="b"))
        watch.settle()
        assert [fault.session for fault in watch.faults] == ["a"]
        assert watch.recorder.durable("b") == 10


def test_a_discarded_session_is_forgotten_unfinished(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        watch.open()
        watch.tell(audio(0, 10), Discard(session="s1"), audio(10, 10))
        watch.settle()
        assert watch.recorder.durable("s1") == 0
    assert watch.recorder.statistics().missed == 1


def test_a_defect_is_a_fault_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    with recording(tmp_path) as watch:
        watch.open()
        watch.settle()
        with monkeypatch.context() as patch:
            patch.setattr(SessionFolder, "hear", broken)
            watch.tell(audio(0, 10))
            watch.settle()
        watch.tell(audio(10, 10))
        folder = watch.close()
    assert [(fault.code, fault.message) for fault in watch.faults] == [
        ("recorder", "the recorder failed: a defect")
    ]
    assert np.array_equal(wav(folder / "processed_audio.wav")[3200:], sound(10, 10))


def test_a_stopped_recorder_refuses_and_leaves_sessions_to_be_taken_up(tmp_path: Path) -> None:
    with recording(tmp_path) as watch:
        watch.open()
        watch.tell(audio(0, 10))
    assert not watch.recorder.submit(audio(10, 10))
    assert read_card(watch.opened["s1"]).unfinished
    assert SessionFolder.resume(watch.opened["s1"]).frames == 10


def test_a_recorder_that_does_not_stop_is_named(tmp_path: Path) -> None:
    release = threading.Event()

    def stuck(session: str, folder: Path) -> None:
        release.wait(30)

    recorder = Recorder(
        RecordSettings(output=tmp_path), on_fault=lambda fault: None, on_opened=stuck
    )
    recorder.start()
    recorder.submit(Adopt(folder=made(tmp_path)))
    with pytest.raises(TimeoutError, match="thread 'recorder' did not stop"):
        recorder.stop(0.01)
    release.set()
    recorder.stop()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_output_folder_is_a_fault_and_nothing_crashes(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    output.chmod(0o500)
    try:
        with recording(output) as watch:
            watch.open()
            watch.tell(audio(0, 50))
            watch.settle()
            assert [(fault.code, fault.active) for fault in watch.faults] == [("disk", True)]
            assert "Permission denied" in watch.faults[0].message
    finally:
        output.chmod(0o700)
