from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.stream.record.world import made, rows, update

from tonewatch.stream.record.formats import ESTIMATE, POOR, SPEECH
from tonewatch.stream.record.history import frame_rows, read_points, read_readings, read_rows


def test_readings_come_back_as_they_were_decided(tmp_path: Path) -> None:
    folder = made(tmp_path)
    told = update(10, 40)
    folder.settle("customer", 10, frame_rows(told))
    folder.sync()
    files = folder.card.files[0]
    found = read_readings(folder.path, files, 10, 50)
    expected = told.decision.settled
    for name in ("scores", "fear", "disgust", "emotion", "confidence", "valid"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert found.to_points(4) == expected.to_points(4)


def test_holes_have_no_reading(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.settle("customer", 10, rows(10, 5))
    folder.sync()
    found = read_readings(folder.path, folder.card.files[0], 0, 100)
    assert found.valid.tolist() == [False] * 10 + [True] * 5
    assert np.isnan(found.scores[:10]).all()
    assert (found.emotion[:10] == -1).all()


def test_points_of_a_part_lie_on_the_grid_of_the_whole(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.settle("customer", 0, rows(0, 100))
    folder.sync()
    files = folder.card.files[0]
    whole = read_points(folder.path, files, 4)
    part = read_points(folder.path, files, 4, 50, 80)
    assert (part.start, len(part.fear)) == (52, 7)
    assert part.fear == whole.fear[13:20]


def test_a_leg_that_was_not_scored_has_no_rows(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert len(read_rows(folder.path, folder.card.files[0])) == 0
    assert read_points(folder.path, folder.card.files[0], 4).scores == ()


def test_states_say_what_is_known_of_a_frame() -> None:
    assert (frame_rows(update(0, 3))["state"] == ESTIMATE | SPEECH).all()
    assert (frame_rows(update(0, 3), poor=True)["state"] == ESTIMATE | SPEECH | POOR).all()


def test_poor_audio_is_told_of_the_frames_it_was_judged_for() -> None:
    told = frame_rows(replace(update(10, 5), judged_from=12), poor=True)
    assert (told["state"] & POOR > 0).tolist() == [False, False, True, True, True]
