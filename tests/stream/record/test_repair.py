import json
import os
import random
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from tests.stream.record.world import hear, made, rows, session, sound

from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.eventlog import read_events
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.formats import FRAME
from tonewatch.stream.record.repair import interrupted, repair

ROOT = Path(__file__).parents[3]


def killed(output: Path, id: str, patience: int) -> int:
    """Let a process record and kill it after `patience` lines; the last durable frame it told."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stream.record.victim", str(output), id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(patience)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
    whole = [line.split() for line in lines if len(line.split()) == 2]
    return int(whole[-2][1])


def check_whole(path: Path, durable: int) -> None:
    """The repaired folder opens everywhere and holds what was durable, sample for sample."""
    result = json.loads((path / "result.json").read_text())
    for name in ("processed_audio.wav", "agent.wav"):
        with wave.open(str(path / name)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert sf.info(path / name).frames == len(samples)
        assert len(samples) >= 320 * durable
        assert np.array_equal(samples, sound(0, len(samples) // 320))
    array = np.load(path / "frames.npy")
    assert array.dtype == FRAME
    read = array["state"] > 0
    assert read[: max(0, durable - 50)].all()
    assert np.array_equal(array[read], rows(0, len(array))[read])
    assert (path / "frames.csv").read_text().count("\n") == len(array) + 1
    assert np.load(path / "windows.npy").shape[1] == 3
    assert np.load(path / "embedding.npy").shape[1] == 4
    assert list(read_events(path))
    assert read_card(path).info.state == result["session"]["state"] == "lost"
    assert result["emotion"] in ("fearful", "unknown")


def test_a_process_killed_at_any_moment_leaves_folders_that_open(tmp_path: Path) -> None:
    random.seed(7)
    durable = {id: killed(tmp_path, id, random.randint(40, 160)) for id in ("a", "b")}
    found = {one.info.id: one for one in interrupted(tmp_path)}
    assert set(found) == {"a", "b"}
    assert found["a"].extra == {"rate": 16_000}
    done = repair(tmp_path, 0.0)
    assert [one.error for one in done] == ["", ""]
    for one in done:
        check_whole(one.path, durable[one.session])
    assert interrupted(tmp_path) == []


@pytest.mark.slow
def test_a_process_killed_many_times_leaves_folders_that_open(tmp_path: Path) -> None:
    random.seed()
    for number in range(20):
        id = f"s{number}"
        durable = killed(tmp_path, id, random.randint(2, 300))
        found = repair(tmp_path, 0.0)
        # Killed before its folder was begun, a session leaves nothing to close.
        assert found or durable == 0
        for done in found:
            assert done.error == ""
            check_whole(done.path, durable)


def test_a_session_killed_and_taken_up_loses_no_durable_frame(tmp_path: Path) -> None:
    durable = killed(tmp_path, "a", 100)
    (found,) = interrupted(tmp_path)
    folder = SessionFolder.resume(found.path)
    assert folder.frames >= durable > 0
    start = folder.frames
    for leg in ("customer", "agent"):
        hear(folder, start, 30, leg)
    folder.sync()
    with wave.open(str(found.path / "agent.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert np.array_equal(samples, sound(0, start + 30))


def test_a_young_interrupted_session_waits_for_its_sender(tmp_path: Path) -> None:
    folder = made(tmp_path)
    hear(folder, 0, 10)
    folder.sync()
    alive = os.stat(folder.path / "session.json").st_mtime
    assert repair(tmp_path, 60.0, lambda: alive + 59) == []
    assert repair(tmp_path, 60.0, lambda: alive + 61, running=frozenset({"s1"})) == []
    (done,) = repair(tmp_path, 60.0, lambda: alive + 61)
    assert done.duration_s == 0.2
    card = read_card(folder.path)
    assert card.repaired
    assert card.info.state == "lost"
    assert repair(tmp_path, 60.0, lambda: alive + 200) == []


def test_a_leg_that_never_sent_costs_the_other_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path, session(legs=("customer", "agent")))
    hear(folder, 0, 50)
    folder.flush()
    (done,) = repair(tmp_path, -1.0)
    with wave.open(str(done.path / "processed_audio.wav")) as file:
        assert file.getnframes() == 50 * 320


def test_one_folder_beyond_repair_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    broken, well = made(tmp_path, session("a")), made(tmp_path, session("b"))
    (broken.path / "settings.json").write_text("{")
    hear(well, 0, 10)
    well.flush()
    done = {one.session: one for one in repair(tmp_path, -1.0)}
    assert "settings.json: cannot be read" in done["a"].error
    assert done["b"].error == ""


def test_folders_that_were_never_begun_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "outputs_20260101_000000").mkdir()
    assert interrupted(tmp_path) == []
    assert repair(tmp_path / "none", 0.0) == []
