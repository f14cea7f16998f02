"""False flags of calm speech: clips joined again and again, at several thresholds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from ...models.evaluation.metrics import interval
from ...models.training.augment import telephone
from ...models.training.corpus import Clip, read_clip
from ...models.window import Float32
from ..decision.arrays import Float64
from ..settings import DecisionSettings
from .calls import PAUSE_S, Call, Tape, join

CALM: Final = ("neutral", "happy")
"""What must raise no flag."""
FLOORS: Final = tuple(
    (points, share, open_ms)
    for open_ms in (240, 320, 400)
    for points, share in ((35.0, 0.25), (50.0, 0.35), (60.0, 0.45))
)
"""Floors (points, share) and times to open (ms) that are tried beside those of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Flags of one calm call."""

    corpus: str
    speaker: str
    teaches: bool
    """A corpus on which nothing is reported: it counts where all corpora are put together."""
    seconds: float
    flags: int
    floors: tuple[float, float, int] | None = None
    """Tried; None: those of the settings."""


def wave_of(clip: Clip, by_telephone: bool) -> Float32:
    """The clip's sound, [N] at 16 kHz."""
    wave = read_clip(clip.path)
    return telephone(wave) if by_telephone else wave


def calm_calls(
    speaker: str, clips: Sequence[Clip], joinings: int, *, by_telephone: bool
) -> Iterator[Call]:
    """All calm clips of a speaker as one call, in so many orders and pauses that stay the same."""
    some = [clip for clip in clips if clip.label in CALM]
    waves = [wave_of(clip, by_telephone) for clip in some]
    for seed in range(joinings if waves else 0):
        order = np.random.default_rng([seed, 0]).permutation(len(some))
        pauses = np.random.default_rng([seed, 1]).uniform(*PAUSE_S, len(some) + 1)
        yield join(speaker, [waves[i] for i in order], partial(_behind, pauses))


def _behind(pauses: Float64, number: int) -> float:
    return float(pauses[number + 1])


_NAMES: Final = ("floor_points", "floor_share", "open_ms")


def counted(
    tape: Tape, decision: DecisionSettings, corpus: str, speaker: str, teaches: bool
) -> Iterator[Counted]:
    """Flags of one call: with the settings as they are, and with each of FLOORS."""
    for floors in (None, *FLOORS):
        changed = {} if floors is None else dict(zip(_NAMES, floors, strict=True))
        played = tape.play(decision.model_copy(update=changed))
        yield Counted(
            corpus=corpus,
            speaker=speaker,
            teaches=teaches,
            seconds=played.seconds,
            flags=len(played.episodes),
            floors=floors,
        )


def summed(rows: Sequence[Counted]) -> dict[str, Any]:
    """Flags an hour for each corpus, over the corpora that are reported on (`all`) and with those
    that only teach (`with_teaching`), and for each pair of floors over both."""
    usual = [row for row in rows if row.floors is None]
    found = {corpus: rate([r for r in usual if r.corpus == corpus]) for corpus in _corpora(usual)}
    found |= {name: rate(some) for name, some in _wholes(usual).items()}
    found["floors"] = {
        f"{points:g}, {share:g}, {open_ms}": {
            name: rate(some)
            for name, some in _wholes(
                [row for row in rows if row.floors == (points, share, open_ms)]
            ).items()
        }
        for points, share, open_ms in FLOORS
    }
    return found


def _corpora(rows: Sequence[Counted]) -> list[str]:
    return sorted({row.corpus for row in rows})


def _wholes(rows: Sequence[Counted]) -> dict[str, list[Counted]]:
    return {"all": [row for row in rows if not row.teaches], "with_teaching": list(rows)}


def rate(rows: Sequence[Counted]) -> dict[str, Any]:
    """Flags an hour of call, with its 95 % interval over speakers."""
    hours = np.array([row.seconds for row in rows]) / 3600
    flags = np.array([row.flags for row in rows], np.float64)

    def of(some: Any) -> float:
        return float(flags[some].sum() / hours[some].sum())

    low, high = interval(of, [row.speaker for row in rows])
    return {
        "hours": round(float(hours.sum()), 2),
        "flags": int(flags.sum()),
        "an_hour": round(float(flags.sum() / hours.sum()), 1),
        "low": round(low, 1),
        "high": round(high, 1),
    }
