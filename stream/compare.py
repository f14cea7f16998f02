"""Two models on one recording, side by side: figures, and a PNG of both curves. Pure but for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.grid import FRAME_RATE, seconds_to_frames
from ..models.labels import LABELS, Label
from .events import Episode
from .picture import COLOURS, MOST_POINTS, PictureError
from .record.card import read_card
from .record.eventlog import read_events
from .record.files import FolderError
from .record.formats import SPEECH
from .record.history import read_readings, read_rows
from .record.result import last_episodes

CLOSE_S = 0.3
"""Two models flag the same moment where both ends lie this near."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """What one model made of the scored leg."""

    model: str
    scores: npt.NDArray[np.float32]
    """[n, 9] probabilities of settled frames; NaN where there is no reading."""
    spoken: npt.NDArray[np.bool_]
    """[n]."""
    emotion: str
    confidence: float
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two models differ on one recording; shares from 0 to 1."""

    frames: int
    """Frames of speech that both have read."""
    same_top: float
    """Share of them with the same strongest label; NaN where there is none."""
    mean_difference: Mapping[Label, float]
    """Mean distance of a label's scores."""
    correlation: Mapping[Label, float]
    """Pearson's, over time; NaN where a curve does not move."""
    flags: tuple[int, int]
    shared_flags: int
    """Flags of the first that have one of the second at the same moment."""


def read_curves(folder: Path, model: str, result: Mapping[str, Any]) -> Curves:
    """The curves of a session folder, with its result.json. Raises FolderError."""
    card = read_card(folder)
    scored = [leg.name for leg in card.info.legs if leg.scored]
    if not scored:
        raise FolderError(f"{folder}: no leg was scored, there is nothing to compare")
    files = card.leg_files(scored[0])
    rows = read_rows(folder, files)
    return Curves(
        model=model,
        scores=read_readings(folder, files, 0, len(rows)).scores,
        spoken=np.asarray(rows["state"] & SPEECH > 0),
        emotion=result["emotion"],
        confidence=result["confidence"],
        episodes=tuple(one for one in last_episodes(read_events(folder)) if one.leg == scored[0]),
    )


def compare(first: Curves, second: Curves) -> Comparison:
    """Compare frame by frame; a model that settles later has fewer frames at the end."""
    count = min(len(first.scores), len(second.scores))
    a = first.scores[:count].astype(np.float64)
    b = second.scores[:count].astype(np.float64)
    both = first.spoken[:count] & np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b = a[both], b[both]
    some = bool(len(a))
    return Comparison(
        frames=len(a),
        same_top=float((a.argmax(axis=1) == b.argmax(axis=1)).mean()) if some else np.nan,
        mean_difference={
            label: float(np.abs(a[:, i] - b[:, i]).mean()) if some else np.nan
            for i, label in enumerate(LABELS)
        },
        correlation={label: _correlation(a[:, i], b[:, i]) for i, label in enumerate(LABELS)},
        flags=(len(first.episodes), len(second.episodes)),
        shared_flags=_shared(first.episodes, second.episodes),
    )


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def _shared(first: Sequence[Episode], second: Sequence[Episode]) -> int:
    near = seconds_to_frames(CLOSE_S)
    return sum(
        any(abs(a.start - b.start) <= near and abs(a.end - b.end) <= near for b in second)
        for a in first
    )


def draw(first: Curves, second: Curves, target: Path) -> Path:
    """Nine panels, one a label, with the curves of both models, to `target` (PNG).

    Raises PictureError without matplotlib, OSError.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise PictureError(
            "drawing needs matplotlib, which is not installed: pip install 'tonewatch[plot]'"
        ) from None
    figure = Figure(figsize=(14, 9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 3, sharex=True, sharey=True)
    for axes, label in zip(panels.flat, LABELS, strict=True):
        _draw_panel(axes, label, first, second)
    for axes in panels[-1]:
        axes.set_xlabel("seconds")
    for axes in panels[:, 0]:
        axes.set_ylabel("%")
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper left", ncols=2, frameon=False)
    figure.savefig(target, format="png", dpi=110)
    return target


def _draw_panel(axes: Any, label: Label, first: Curves, second: Curves) -> None:
    for curves, look in ((first, {"linewidth": 2.0}), (second, {"linestyle": "--"})):
        step = max(1, -(-len(curves.scores) // MOST_POINTS))
        score = 100.0 * curves.scores[::step, LABELS.index(label)]
        colour = COLOURS[label] if curves is first else "#303030"
        seconds = np.arange(len(score)) * step / FRAME_RATE
        axes.plot(seconds, score, color=colour, label=curves.model, **look)
    axes.set_ylim(0, 100)
    axes.set_title(label, loc="left", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E4E4E4")
