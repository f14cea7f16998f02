import csv
import io

import pytest
from tests.stream.review.test_snippet import flag
from tests.stream.review.world import NOON

from tonewatch.dashboard.review_export import COLUMNS, as_csv, row, utc
from tonewatch.stream.review.flags import Vote


def vote(note: str = "") -> Vote:
    return Vote(
        session="s1",
        episode="customer-100",
        reviewer="anna",
        label="fearful",
        note=note,
        at=NOON,
        blind=True,
        undone_at=None,
    )


def test_a_vote_is_a_row_beside_its_flag() -> None:
    found = row(flag(100, 150), vote("a sob"))
    assert tuple(found) == COLUMNS
    assert (found["start_s"], found["end_s"], found["model"]) == (2.0, 3.0, "fearful")
    assert (found["voted_at"], found["undone_at"]) == ("2026-11-21T12:00:00.000Z", None)


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_note_becomes_a_formula(note: str) -> None:
    text = as_csv([row(flag(), vote(note))])
    (found,) = csv.DictReader(io.StringIO(text, newline=""))
    assert found["note"] == "'" + note


def test_without_votes_there_is_a_heading() -> None:
    assert as_csv([]).strip() == ",".join(COLUMNS)


def test_moments_are_utc() -> None:
    assert utc(0) == "1970-01-01T00:00:00.000Z"
