import csv
from pathlib import Path

import numpy as np
from tests.stream.record.world import rows

from tonewatch.models.labels import LABELS
from tonewatch.stream.record.formats import FRAME
from tonewatch.stream.record.table import COLUMNS, write_table


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_long_table_is_written_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    steps = sum(1 for _ in write_table(rows(0, 12_000), path))
    assert steps == 3
    table = read(path)
    assert [int(row["frame"]) for row in table] == list(range(12_000))
    assert tuple(table[0]) == COLUMNS
    assert table[11_999]["time_s"] == "239.98"


def test_numbers_are_those_of_the_rows(tmp_path: Path) -> None:
    made = rows(0, 3)
    made["scores"] = np.linspace(0, 1, 27).reshape(3, 9)
    list(write_table(made, tmp_path / "a.csv"))
    for number, row in enumerate(read(tmp_path / "a.csv")):
        found = [float(row[label]) for label in LABELS]
        assert np.allclose(found, made["scores"][number], atol=5e-5)


def test_what_was_not_read_is_empty(tmp_path: Path) -> None:
    made = np.zeros(2, FRAME)
    made["state"] = [0, 1]
    made["scores"] = np.nan
    list(write_table(made, tmp_path / "a.csv"))
    for row in read(tmp_path / "a.csv"):
        assert not any(row[name] for name in (*LABELS, "fear", "disgust", "confidence", "emotion"))


def test_rivals_that_are_not_decided_are_empty(tmp_path: Path) -> None:
    made = rows(0, 1)
    made["fear"] = made["disgust"] = np.nan
    list(write_table(made, tmp_path / "a.csv"))
    (row,) = read(tmp_path / "a.csv")
    assert row["fear"] == row["disgust"] == ""
    assert row["fearful"] == "0.7500"


def test_no_frames_are_a_header(tmp_path: Path) -> None:
    list(write_table(np.zeros(0, FRAME), tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_text() == ",".join(COLUMNS) + "\n"
