"""Talk, silence and overlap of a finished session, counted from the flags on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.grid import FRAME_SAMPLES, frames_to_seconds
from ..audio import Span
from .card import Card, LegFiles
from .formats import HEARD, SPEECH


@dataclass(frozen=True, slots=True, kw_only=True)
class LegMeters:
    """How long a leg did what, in seconds."""

    duration_s: float
    talk_s: float
    silence_s: float
    gap_s: float
    overlap_s: float
    """Time in which another leg spoke too."""
    gaps: tuple[Span, ...]


def read_flags(folder: Path, files: LegFiles) -> npt.NDArray[np.uint8]:
    """One flag byte for each frame of a leg; what the file lacks is a gap."""
    path = folder / files.heard
    return np.fromfile(path, dtype=np.uint8) if path.exists() else np.zeros(0, np.uint8)


def read_meters(folder: Path, card: Card) -> dict[str, LegMeters]:
    """Meters of every leg of a session folder."""
    flags = {files.leg: read_flags(folder, files) for files in card.files}
    longest = max((len(of_leg) for of_leg in flags.values()), default=0)
    speech = {leg: _padded(of_leg, longest) & SPEECH > 0 for leg, of_leg in flags.items()}
    return {
        leg: _meters(of_leg, speech[leg], [speech[other] for other in speech if other != leg])
        for leg, of_leg in flags.items()
    }


def read_speech(folder: Path, card: Card) -> dict[str, tuple[Span, ...]]:
    """Stretches of speech of every leg of a session folder, in order."""
    both = HEARD | SPEECH
    return {files.leg: runs(read_flags(folder, files) & both == both) for files in card.files}


def runs(mask: npt.NDArray[np.bool_]) -> tuple[Span, ...]:
    """Stretches of true, as spans of frames."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    pairs = edges.reshape(-1, 2).tolist()
    return tuple(Span(start=start, stop=stop) for start, stop in pairs)


def gap_json(gaps: tuple[Span, ...], leg: str) -> list[dict[str, Any]]:
    """Gaps as JSON values, in 16 kHz samples."""
    return [
        {"leg": leg, "start": gap.start * FRAME_SAMPLES, "length": gap.length * FRAME_SAMPLES}
        for gap in gaps
    ]


def _meters(
    flags: npt.NDArray[np.uint8],
    speech: npt.NDArray[np.bool_],
    others: list[npt.NDArray[np.bool_]],
) -> LegMeters:
    heard = flags & HEARD > 0
    talk = speech[: len(flags)] & heard
    overlap = talk & np.any([other[: len(flags)] for other in others] or [~talk & talk], axis=0)
    return LegMeters(
        duration_s=frames_to_seconds(len(flags)),
        talk_s=frames_to_seconds(int(talk.sum())),
        silence_s=frames_to_seconds(int((heard & ~talk).sum())),
        gap_s=frames_to_seconds(int((~heard).sum())),
        overlap_s=frames_to_seconds(int(overlap.sum())),
        gaps=runs(~heard),
    )


def _padded(flags: npt.NDArray[np.uint8], length: int) -> npt.NDArray[np.uint8]:
    return np.concatenate([flags, np.zeros(length - len(flags), np.uint8)])
