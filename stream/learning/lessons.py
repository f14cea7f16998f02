"""Decided flags as lessons: logits and features, computed again from the stored sound."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...models.engine import Engine
from ...models.evaluation.read import read_frames
from ...models.grid import FRAME_RATE
from ...models.window import Float32
from ..record.card import read_card
from ..record.files import FolderError
from ..record.replay import heard_again
from ..review.rules import Label

if TYPE_CHECKING:
    # It loads the database's library, half a second that no analysis needs.
    from ..review.reports import Decided

CONTEXT_FRAMES = 2 * FRAME_RATE
"""Sound before a flag that an engine hears first, as it did in the call."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """A flag of which the reviewers are sure. Lives in memory alone."""

    session: str
    outcome: Label
    logits: Float32
    """[9] mean over the flag's speech frames."""
    features: Float32
    """[D] of the same frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """All that can still be heard."""

    heard: tuple[Lesson, ...]
    lost: int
    """Decided flags whose sound is gone: deleted, or never kept."""


def lessons(
    decided: "Sequence[Decided]", folder_of: Callable[[str], Path | None], engine: Engine
) -> Lessons:
    """Hear every decided flag again. Raises EngineError, OSError."""
    heard = []
    for flag in decided:
        folder = folder_of(flag.session)
        lesson = _lesson(flag, folder, engine) if folder is not None else None
        if lesson is not None:
            heard.append(lesson)
    return Lessons(heard=tuple(heard), lost=len(decided) - len(heard))


def _lesson(flag: "Decided", folder: Path, engine: Engine) -> Lesson | None:
    start = max(0, flag.start - CONTEXT_FRAMES)
    try:
        files = read_card(folder).leg_files(flag.leg)
        pieces = list(heard_again(folder, files, start, flag.stop))
    except (FolderError, FileNotFoundError):
        return None
    if not pieces:
        return None
    wave = np.concatenate([piece.samples for piece in pieces])
    speech = np.concatenate([piece.speech for piece in pieces])
    logits, features = read_frames(engine, wave, leg=f"lesson/{flag.session}")
    rows = np.arange(len(logits)) >= flag.start - start
    spoken = rows & speech[: len(logits)]
    rows = spoken if spoken.any() else rows
    if not rows.any():
        return None
    return Lesson(
        session=flag.session,
        outcome=flag.outcome,
        logits=logits[rows].mean(axis=0),
        features=features[rows].mean(axis=0),
    )


def split(heard: Sequence[Lesson], share: float) -> tuple[list[Lesson], list[Lesson]]:
    """To learn from, and held back: whole sessions, always the same ones.

    A session stays on its side whatever comes later, so a figure is never of what was learned.
    """

    def back(session: str) -> bool:
        digest = hashlib.sha256(session.encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32 < share

    return (
        [one for one in heard if not back(one.session)],
        [one for one in heard if back(one.session)],
    )
