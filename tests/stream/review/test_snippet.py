import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.stream.record.world import hear, made, rows, session, sound

from tonewatch.models.labels import LABELS
from tonewatch.stream.events import EpisodeChanged
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.review.flags import Flag
from tonewatch.stream.review.snippet import SoundGoneError, around, curves, episode_of, snippet

from .world import episode


def flag(start: int = 100, stop: int = 150) -> Flag:
    return Flag(
        session="s1",
        episode=f"customer-{start}",
        leg="customer",
        kind="needs_review",
        model="fearful",
        start=start,
        stop=stop,
        strength=66.0,
        live=False,
        at=0,
        due=0,
        second=False,
        votes=0,
        wanted=True,
        outcome=None,
        decided_at=None,
        claimed_by=None,
        claimed_until=0,
        presence="there",
    )


@pytest.fixture
def folder(tmp_path: Path) -> SessionFolder:
    """A session that still runs, of 200 frames."""
    running = made(tmp_path, session(legs=("agent", "customer")))
    for leg in ("agent", "customer"):
        hear(running, 0, 200, leg)
    running.settle("customer", 0, rows(0, 180))
    running.log(EpisodeChanged(session="s1", episode=episode(), captured_at_ns=0))
    running.sync()
    return running


def test_the_sound_around_a_flag_is_cut_to_the_sample(folder: SessionFolder) -> None:
    found = snippet(folder.path, flag(), 0.5)
    samples, rate = soundfile.read(io.BytesIO(found.wav), dtype="int16")
    assert (found.start, rate) == (75, 16_000)
    np.testing.assert_array_equal(samples, sound(75, 100))


def test_the_sound_ends_where_the_session_has_come_to(folder: SessionFolder) -> None:
    found = snippet(folder.path, flag(), 5.0)
    samples, _ = soundfile.read(io.BytesIO(found.wav), dtype="int16")
    assert (found.start, len(samples)) == (0, 200 * 320)


def test_sound_that_was_deleted_is_told(folder: SessionFolder) -> None:
    (folder.path / "processed_audio.wav").unlink()
    with pytest.raises(SoundGoneError, match="the sound of s1 is not there"):
        snippet(folder.path, flag(), 5.0)


def test_curves_lie_beside_the_sound_and_hold_null_where_nothing_was_read(
    folder: SessionFolder,
) -> None:
    found = curves(folder.path, flag(150, 170), 0.5)
    assert (found.start_frame, found.frame_rate) == (125, 50)
    assert set(found.emotions) == set(LABELS)
    assert {len(column) for column in found.emotions.values()} == {55}
    assert found.fear[:3] == (25.0, 26.0, 27.0)
    assert found.emotions["fearful"][0] == 0.75


def test_the_episode_is_the_one_told_last(folder: SessionFolder) -> None:
    later = replace(episode(), end=175, kind="dual")
    folder.log(EpisodeChanged(session="s1", episode=later, captured_at_ns=0))
    assert episode_of(folder.path, flag()) == later
    assert episode_of(folder.path, flag(7)) is None


def test_nothing_lies_before_the_beginning() -> None:
    assert around(flag(10, 20), 1.0) == (0, 70)
