from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.record.world import session

from tonewatch.stream.record.card import Card, leg_files
from tonewatch.stream.record.formats import HEARD, SPEECH
from tonewatch.stream.record.meters import read_flags, read_meters, read_speech, runs


@given(st.lists(st.booleans(), max_size=50))
def test_runs_are_the_stretches_of_true(values: list[bool]) -> None:
    found = runs(np.array(values, dtype=np.bool_))
    again = [False] * len(values)
    for span in found:
        again[span.start : span.stop] = [True] * span.length
    assert again == values
    assert all(one.stop < other.start for one, other in pairwise(found))


def written(folder: Path, flags: dict[str, list[int]]) -> Card:
    info = session(legs=tuple(flags))
    card = Card(info=info, files=leg_files(info))
    for files in card.files:
        (folder / files.heard).write_bytes(bytes(flags[files.leg]))
    return card


def test_meters_count_each_frame_once(tmp_path: Path) -> None:
    talk, quiet, lost = HEARD | SPEECH, HEARD, 0
    card = written(
        tmp_path,
        {"customer": [talk] * 50 + [quiet] * 25 + [lost] * 25, "agent": [quiet] * 25 + [talk] * 50},
    )
    meters = read_meters(tmp_path, card)
    customer, agent = meters["customer"], meters["agent"]
    assert (customer.talk_s, customer.silence_s, customer.gap_s) == (1.0, 0.5, 0.5)
    assert customer.duration_s == 2.0
    assert customer.overlap_s == agent.overlap_s == 0.5
    assert [(gap.start, gap.stop) for gap in customer.gaps] == [(75, 100)]
    assert agent.duration_s == 1.5


def test_one_leg_alone_never_overlaps(tmp_path: Path) -> None:
    card = written(tmp_path, {"customer": [HEARD | SPEECH] * 10})
    assert read_meters(tmp_path, card)["customer"].overlap_s == 0.0


def test_a_leg_without_a_file_was_never_heard(tmp_path: Path) -> None:
    card = written(tmp_path, {"customer": []})
    (tmp_path / "heard.u8").unlink()
    assert len(read_flags(tmp_path, card.files[0])) == 0
    assert read_meters(tmp_path, card)["customer"].duration_s == 0.0


def test_stretches_of_speech_are_told_of_every_leg(tmp_path: Path) -> None:
    spoken, heard = HEARD | SPEECH, HEARD
    flags = {"customer": [heard, spoken, spoken, heard, spoken], "agent": [SPEECH, spoken, 0]}
    found = read_speech(tmp_path, written(tmp_path, flags))
    spans = {leg: [(span.start, span.stop) for span in of_leg] for leg, of_leg in found.items()}
    assert spans == {"customer": [(1, 3), (4, 5)], "agent": [(1, 2)]}, "a gap is no speech"
