"""Settled frames between the decision and the disk: rows written, rows read back."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..decision.readings import NO_EMOTION, ReadingColumns
from ..events import Points
from ..pipeline import LegUpdate
from .card import LegFiles
from .formats import ESTIMATE, FRAME, POOR, SPEECH, read_npy


def frame_rows(update: LegUpdate, *, poor: bool = False) -> npt.NDArray[Any]:
    """Rows of formats.FRAME for the frames that an update settled."""
    readings = update.decision.settled
    rows = np.zeros(len(readings), FRAME)
    judged = np.arange(readings.start_frame, readings.stop_frame) >= update.judged_from
    rows["state"] = ESTIMATE * update.settled.valid + SPEECH * update.speech
    rows["state"] |= np.uint8(POOR * poor) * judged
    rows["emotion"] = readings.emotion
    rows["logits"] = update.settled.logits
    rows["scores"] = readings.scores
    rows["fear"] = readings.fear
    rows["disgust"] = readings.disgust
    rows["confidence"] = readings.confidence
    return rows


def read_rows(folder: Path, files: LegFiles) -> npt.NDArray[Any]:
    """A leg's settled frames, mapped from disk; none for a leg that was not scored."""
    rows = read_npy(folder / files.frames)
    return rows if rows.dtype == FRAME else np.zeros(0, FRAME)


def read_readings(folder: Path, files: LegFiles, start: int, stop: int) -> ReadingColumns:
    """Readings of frames [start, stop) of a leg, as they were decided; fewer at the end."""
    rows = np.array(read_rows(folder, files)[start:stop])
    valid = (rows["state"] & ESTIMATE > 0) & np.isfinite(rows["confidence"])
    return ReadingColumns(
        start_frame=start,
        scores=np.where(valid[:, None], rows["scores"], np.nan).astype(np.float32),
        fear=np.where(valid, rows["fear"], np.nan).astype(np.float32),
        disgust=np.where(valid, rows["disgust"], np.nan).astype(np.float32),
        emotion=np.where(valid, rows["emotion"], NO_EMOTION).astype(np.int8),
        confidence=np.where(valid, rows["confidence"], np.nan).astype(np.float32),
        valid=valid,
        logits=np.full((len(rows), 9), np.nan, np.float32),
    )


def read_points(
    folder: Path, files: LegFiles, step: int, start: int = 0, stop: int | None = None
) -> Points:
    """A leg's curve at every `step` frames, for the page: [start, stop) frames, all by default."""
    last = len(read_rows(folder, files)) if stop is None else stop
    return read_readings(folder, files, start, last).to_points(step)
