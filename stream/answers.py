"""Answers of the engine on their way into a leg's core."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..models.window import Frames
from .trust import doubt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What the engine read in a window, and how good the line was then."""

    frames: Frames
    poor: str = ""
    """Why the audio was too poor to say; empty where it was not."""
    trust: int = 100
    """Percent that the line's quality left of a confidence."""

    @property
    def span(self) -> tuple[int, int, int]:
        """First frame, first frame behind, doubt: as the record keeps an answer."""
        frames = self.frames
        return frames.start_frame, frames.stop_frame, doubt(bool(self.poor), self.trust)


def neighbours(answers: Sequence[Judged]) -> Iterator[list[Judged]]:
    """Answers in order, in groups that can be read as one: each begins where the last one ended,
    and the line was as good."""
    group: list[Judged] = []
    for answer in answers:
        if group and not _follows(group[-1], answer):
            yield group
            group = []
        group.append(answer)
    if group:
        yield group


def joined(group: Sequence[Judged]) -> Frames:
    """The frames of neighbours as one answer."""
    first, last = group[0].frames, group[-1].frames
    if len(group) == 1:
        return first
    return Frames(
        leg=first.leg,
        start_frame=first.start_frame,
        logits=np.concatenate([answer.frames.logits for answer in group]),
        features=np.concatenate([answer.frames.features for answer in group]),
        captured_at=last.captured_at,
        warming_up=last.warming_up,
    )


def _follows(one: Judged, other: Judged) -> bool:
    return (
        one.frames.stop_frame == other.frames.start_frame
        and one.frames.warming_up == other.frames.warming_up
        and (one.poor, one.trust) == (other.poor, other.trust)
    )
