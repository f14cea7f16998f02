"""The last steps of a session folder: table, embedding, result, and then its state."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..events import SessionInfo
from .card import Card, LegFiles, write_card
from .files import write_json, write_whole
from .formats import FEATURE, SPEECH, npy_header, read_npy
from .history import read_rows
from .in_force import InForce, read_in_force
from .meters import read_flags
from .result import RESULT_NAME, session_result
from .table import write_table

_BLOCK = 5000


def finish(
    folder: Path, card: Card, info: SessionInfo, facts: Mapping[str, Any], *, repaired: str = ""
) -> Iterator[None]:
    """Finish a folder whose files are synced, in small steps; can be begun again after an error.

    The card with the state of `info` is written last: a folder that says it has ended is whole.
    Raises OSError, FolderError.
    """
    forced = read_in_force(folder)
    for files in card.files:
        if (folder / files.frames).exists():
            yield from write_table(read_rows(folder, files), folder / files.table)
        if (folder / files.embedding).exists():
            _pool(folder, files, forced)
            yield
    write_json(folder / RESULT_NAME, session_result(folder, card, info, forced, facts))
    yield
    write_card(folder, replace(card, info=replace(info, folder=folder.name), repaired=repaired))


def _pool(folder: Path, files: LegFiles, forced: InForce) -> None:
    """By utterance: the mean feature vector of the speech frames replaces those of the frames."""
    path = folder / files.embedding
    features = read_npy(path)
    if forced.settings.record.granularity != "utterance" or len(features) <= 1:
        return
    speech = read_flags(folder, files) & SPEECH > 0
    total, count = np.zeros(features.shape[1]), 0
    for start in range(0, min(len(features), len(speech)), _BLOCK):
        stop = min(start + _BLOCK, len(features), len(speech))
        spoken = features[start:stop][speech[start:stop]]
        total += spoken.sum(axis=0, dtype=np.float64)
        count += len(spoken)
    # The mapped array is let go before its file is replaced: Windows refuses otherwise.
    del features
    mean = (total / max(1, count)).astype(FEATURE)
    write_whole(path, npy_header(FEATURE, (len(mean),), 1) + mean.tobytes())
