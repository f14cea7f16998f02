"""The figures of `bench models` as a PNG: cost against window and hop, latency against channels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..stream.picture import PictureError
from .bench_models_queue import LIMIT_MS


def draw_models(figures: Mapping[str, Any], target: Path) -> Path:
    """Draw to `target` and return it. Raises PictureError without matplotlib, OSError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise PictureError(
            "drawing needs matplotlib, which is not installed: pip install 'tonewatch[plot]'"
        ) from None
    figure = Figure(figsize=(15, 5), layout="constrained")
    FigureCanvasAgg(figure)
    window, hop, channels = figure.subplots(1, 3)
    colours = {row["name"]: f"C{number}" for number, row in enumerate(figures["models"])}
    for row in figures["models"]:
        seconds = [float(length.removesuffix(" s")) for length in row["processor_ms"]]
        window.plot(
            seconds,
            list(row["processor_ms"].values()),
            "o-",
            label=row["name"],
            color=colours[row["name"]],
        )
    for row in figures["curves"]:
        by_hop, colour = row["ms_per_second_by_hop"], colours[row["model"]]
        hop.plot([int(ms) for ms in by_hop], list(by_hop.values()), "o-", color=colour)
        channels.plot(row["channels"], row["p95_ms"], "o-", color=colour)
    window.set(xlabel="window (s)", ylabel="processor ms a window", yscale="log")
    hop.set(xlabel="hop (ms)", ylabel="processor ms a second of call", yscale="log")
    channels.set(
        xlabel="channels at a hop of 480 ms", ylabel="latency p95 (ms)", xscale="log", ylim=(0, 2e3)
    )
    channels.axhline(LIMIT_MS, color="#808080", linestyle="--")
    for axes in (window, hop, channels):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#E4E4E4")
    figure.legend(*window.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.savefig(target, format="png", dpi=110)
    return target
