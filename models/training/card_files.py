"""What lies beside a card: its figures as numbers, and their picture."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FIGURES_NAME: Final = "card.json"
PICTURE_NAME: Final = "card.png"


def write_figures(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write `folder/card.json` and, of what it holds, `folder/card.png`."""
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    (folder / FIGURES_NAME).write_text(text + "\n", encoding="utf-8")
    draw_card(folder / PICTURE_NAME, figures)


def read_figures(folder: Path) -> dict[str, Any] | None:
    """What `write_figures` wrote there; None where it has not."""
    path = folder / FIGURES_NAME
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def draw_card(path: Path, figures: Mapping[str, Any]) -> None:
    """Confidence against rights, and error among the answered, of unseen speakers and corpora."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    sure, told = figure.subplots(1, 2)
    sure.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    for kind, colour in (("speakers", "tab:blue"), ("corpora", "tab:orange")):
        found = figures[kind]
        if found is None:
            continue
        bins = found["reliability"]
        sure.plot(bins["confidence"], bins["accuracy"], marker="o", color=colour, label=kind)
        shares = [float(name.removesuffix(" %")) for name in found["risk_coverage"]]
        told.plot(shares, list(found["risk_coverage"].values()), color=colour, label=kind)
    sure.set(xlabel="confidence", ylabel="right", xlim=(0, 1), ylim=(0, 1))
    told.set(xlabel="answered, percent of the clips", ylabel="error among them, percent")
    told.set_ylim(bottom=0)
    for axes in (sure, told):
        axes.legend(title="unseen")
    figure.savefig(path, dpi=100)
