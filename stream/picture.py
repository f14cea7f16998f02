"""A session's curves as a PNG: nine emotions, flagged spans, speech, gaps. Needs matplotlib."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.grid import FRAME_RATE, frames_to_seconds
from ..models.labels import LABELS, Label
from .audio import Span
from .events import Episode, EpisodeKind
from .record.card import Card, read_card
from .record.eventlog import read_events
from .record.files import FolderError, local_time
from .record.formats import HEARD, SPEECH
from .record.history import read_readings, read_rows
from .record.meters import read_flags, runs
from .record.result import last_episodes

COLOURS: dict[Label, str] = {
    "angry": "#D55E00",
    "disgusted": "#009E73",
    "fearful": "#B8568F",
    "happy": "#C98A00",
    "neutral": "#6E6E6E",
    "other": "#8C7B6B",
    "sad": "#0072B2",
    "surprised": "#3E93C9",
    "unknown": "#9A9A9A",
}
"""After Okabe and Ito, some deepened for white ground."""
MARKS: dict[EpisodeKind, str] = {"needs_review": "?", "dual": "=", "lost_to_neutral": "o"}
"""A flag is told by its shape; colour only helps."""
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
)
"""The first comes with matplotlib; of the others, for Chinese names, those installed help out."""
FLAG = "#4B4B9B"
MOST_POINTS = 4000
"""A curve with more is thinned: no screen shows more."""
_FRONT: tuple[Label, ...] = ("fearful", "disgusted")


class PictureError(Exception):
    """The picture cannot be drawn; the message names the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What a picture shows of one leg."""

    title: str
    seconds: npt.NDArray[np.float64]
    """[n] times of the points."""
    scores: npt.NDArray[np.float32]
    """[n, 9] probabilities; NaN where nobody spoke."""
    duration_s: float
    speech: dict[str, tuple[Span, ...]]
    """Stretches of speech of every leg, in frames."""
    gaps: tuple[Span, ...]
    episodes: tuple[Episode, ...]


def draw(folder: Path, target: Path) -> Path:
    """Draw a session folder's scored leg to `target` (PNG) and return it.

    Raises PictureError without matplotlib, FolderError, OSError.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.font_manager import fontManager
    except ImportError:
        raise PictureError(
            "drawing needs matplotlib, which is not installed: pip install 'tonewatch[plot]'"
        ) from None
    drawing = read_drawing(folder)
    installed = {font.name for font in fontManager.ttflist}
    fonts = [name for name in FONTS if name in installed]
    with rc_context({"font.family": fonts}), warnings.catch_warnings():
        # A name in a script that no font here has is drawn as boxes; the curves are unhurt.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=(14, 6), layout="constrained")
        FigureCanvasAgg(figure)
        curves, ribbon = figure.subplots(
            2, 1, sharex=True, height_ratios=[10, max(1, len(drawing.speech))]
        )
        _draw_curves(curves, drawing)
        _draw_ribbon(ribbon, drawing)
        figure.savefig(target, format="png", dpi=110)
    return target


def read_drawing(folder: Path) -> Drawing:
    """Read from a session folder what its picture shows. Raises FolderError."""
    card = read_card(folder)
    scored = [leg.name for leg in card.info.legs if leg.scored]
    if not scored:
        raise FolderError(f"{folder}: no leg was scored, there is no curve to draw")
    files = card.leg_files(scored[0])
    count = len(read_rows(folder, files))
    step = max(1, -(-count // MOST_POINTS))
    readings = read_readings(folder, files, 0, count)
    flags = read_flags(folder, files)
    episodes = last_episodes(read_events(folder))
    return Drawing(
        title=_title(card),
        seconds=np.arange(0, count, step) / FRAME_RATE,
        scores=readings.scores[::step],
        duration_s=frames_to_seconds(len(flags)),
        speech={one.leg: runs(read_flags(folder, one) & SPEECH > 0) for one in card.files},
        gaps=runs(flags & HEARD == 0),
        episodes=tuple(episode for episode in episodes if episode.leg == scored[0]),
    )


def _title(card: Card) -> str:
    info = card.info
    begun = local_time(info.started_at).strftime("%Y-%m-%d %H:%M:%S")
    return f"{info.name or info.id} · {begun} · advice, not fact: a person decides"


def _draw_curves(axes: Any, drawing: Drawing) -> None:
    for label in sorted(LABELS, key=lambda label: label in _FRONT):
        front = label in _FRONT
        score = 100.0 * drawing.scores[:, LABELS.index(label)]
        if not np.nanmax(score, initial=0.0) > 0:
            continue
        axes.plot(
            drawing.seconds,
            score,
            color=COLOURS[label],
            linewidth=2.0 if front else 1.2,
            alpha=1.0 if front else 0.6,
            linestyle="--" if label == "unknown" else "-",
            label=label,
        )
    for gap in drawing.gaps:
        axes.axvspan(*_seconds(gap), facecolor="none", edgecolor="#B0B0B0", hatch="///")
    for episode in drawing.episodes:
        start, stop = _seconds(Span(start=episode.start, stop=episode.end))
        axes.axvspan(start, stop, color=FLAG, alpha=0.15, linewidth=0)
        axes.annotate(
            MARKS[episode.kind],
            ((start + stop) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=FLAG,
            fontweight="bold",
        )
    axes.set_ylim(0, 100)
    axes.set_ylabel("the voice sounds ... (%)")
    axes.set_title(drawing.title, loc="left", fontsize="medium", pad=18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E4E4E4")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _draw_ribbon(axes: Any, drawing: Drawing) -> None:
    names = list(drawing.speech)
    for row, name in enumerate(names):
        bars = [(start, stop - start) for start, stop in map(_seconds, drawing.speech[name])]
        axes.broken_barh(bars, (row + 0.2, 0.6), color="#7A8AA0" if row else "#3C5A80")
    axes.set_ylim(len(names), 0)
    axes.set_yticks([row + 0.5 for row in range(len(names))], _lines(names))
    axes.set_xlim(0, max(drawing.duration_s, 1.0))
    axes.set_xlabel("seconds  ·  " + _key(drawing.episodes, drawing.gaps))
    axes.spines[["top", "right", "left"]].set_visible(False)


def _key(episodes: Sequence[Episode], gaps: Sequence[Span]) -> str:
    kinds = sorted({episode.kind for episode in episodes})
    words = [f"{MARKS[kind]} {kind.replace('_', ' ')}" for kind in kinds]
    return "  ".join([*words, *(["/// no sound"] if gaps else []), "bars: speech"])


def _lines(names: Sequence[str]) -> list[str]:
    return [name if len(name) <= 16 else name[:15] + "…" for name in names]


def _seconds(span: Span) -> tuple[float, float]:
    return frames_to_seconds(span.start), frames_to_seconds(span.stop)
