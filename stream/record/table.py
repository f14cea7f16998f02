"""frames.csv: the settled frames as text, one row for each 20 ms, for people and spreadsheets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.grid import frames_to_seconds
from ...models.labels import LABELS
from .formats import ESTIMATE, SPEECH

COLUMNS = ("frame", "time_s", *LABELS, "fear", "disgust", "confidence", "emotion", "speech")
_BLOCK = 5000
_READING = ",".join(["%.4f"] * len(LABELS) + ["%.2f", "%.2f", "%.4f"])
_NO_READING = "," * (len(LABELS) + 2)


def write_table(rows: npt.NDArray[Any], path: Path) -> Iterator[None]:
    """Write rows of formats.FRAME as CSV, pausing after each few thousand. Raises OSError.

    Probabilities 0 to 1, fear and disgust in points 0 to 100 (independent scores); cells are empty
    where nothing could be read: silence, gaps, agents.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for start in range(0, len(rows), _BLOCK):
            file.write("".join(_lines(rows[start : start + _BLOCK], start)))
            yield


def _lines(rows: npt.NDArray[Any], start: int) -> Iterator[str]:
    numbers = np.column_stack(
        [rows["scores"], rows["fear"], rows["disgust"], rows["confidence"]]
    ).astype(np.float64)
    estimated = (rows["state"] & ESTIMATE).astype(bool)
    read = (estimated & np.isfinite(numbers[:, : len(LABELS)]).all(axis=1)).tolist()
    emotions = rows["emotion"].tolist()
    speech = ((rows["state"] & SPEECH) // SPEECH).tolist()
    for index, row in enumerate(numbers.tolist()):
        cells = (_READING % tuple(row)).replace("nan", "") if read[index] else _NO_READING
        emotion = LABELS[emotions[index]] if read[index] else ""
        frame = start + index
        time = frames_to_seconds(frame)
        yield f"{frame},{time:.2f},{cells},{emotion},{speech[index]}\n"
