"""An evaluation as JSON, Markdown and pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..labels import Label
from .metrics import Floats, Ints, Reliability


def write_json(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write `folder/evaluation.json`."""
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")


def write_markdown(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write `folder/evaluation.md`: the same figures as tables."""
    lines = [
        f"# {figures['model']} on {figures['clips']} clips of {figures['speakers']} speakers",
        "",
        *(
            ["**The model has learned from some of these speakers: figures are too good.**", ""]
            if figures["seen_speakers"]
            else []
        ),
        "Percent. UAR: unweighted average recall, with the 95 % interval over speakers; the answer",
        "is chosen among the labels that the row's clips have and the model knows. Acted speech",
        "overstates accuracy on real calls.",
        "",
    ]
    for title, rows in figures["groups"].items():
        lines += [f"## By {title}", "", *groups_table(rows), ""]
    if figures["rivals"]:
        lines += ["## Fear, disgust, neutral", "", *rivals_text(figures["rivals"]), ""]
    lines += ["## When the least sure are called unknown", ""]
    lines += unknown_table(figures)
    if figures["changes"]:
        lines += ["", "## When the emotion changes", "", *changes_text(figures["changes"])]
    if figures["robustness"]:
        lines += ["", "## Conditions", ""]
        lines += conditions_table(figures["robustness"])
    (folder / "evaluation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def groups_table(rows: Mapping[str, Any]) -> list[str]:
    """A row for each group of clips."""
    lines = [
        "| | clips | speakers | UAR | WA | macro F1 | ECE |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        low, high = row["uar_interval"]
        lines.append(
            f"| {name} | {row['clips']} | {row['speakers']} | {row['uar']} ({low} to {high}) "
            f"| {row['wa']} | {row['macro_f1']} | {row['ece']} |"
        )
    return lines


def confusion_table(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Rows are the truth, columns the answers."""
    names = list(next(iter(counts.values())))
    return [
        f"| truth | {' | '.join(names)} |",
        "|---" * (len(names) + 1) + "|",
        *(f"| {truth} | {' | '.join(map(str, row.values()))} |" for truth, row in counts.items()),
    ]


def rivals_text(rivals: Mapping[str, Any]) -> list[str]:
    """Fear, disgust and neutral among themselves."""
    two = rivals["two_class_accuracy"]
    told = f"Fear against disgust alone: {two} % of the clips of both right."
    return [*confusion_table(rivals["confusion"]), "", told]


def unknown_table(figures: Mapping[str, Any]) -> list[str]:
    """What calling the least sure unknown is worth."""
    below = figures["unknown_below"]
    rows = (f"| {s} | {e} | {below[s]} |" for s, e in figures["risk_coverage"].items())
    return ["| answered | error | unknown below |", "|---|---|---|", *rows]


def conditions_table(rows: Mapping[str, Any]) -> list[str]:
    """What a condition costs."""
    lines = ["| condition | UAR | change |", "|---|---|---|"]
    for name, row in rows.items():
        low, high = row["change_interval"]
        lines.append(
            f"| {name} | {row['uar']} | {row['change']:+.1f} ({low:+.1f} to {high:+.1f}) |"
        )
    return lines


def changes_text(found: Mapping[str, Any]) -> list[str]:
    """Where the emotion changes at a known moment."""
    low, high = found["eder_interval"]
    lines = [
        f"{found['splices']} recordings: neutral, an emotion, neutral again, in one voice; the",
        f"curve as first shown. Emotion diarisation error {found['eder']} % of speech",
        f"({low} to {high}): emotion",
        f"read as neutral {found['missed']}, neutral as emotion {found['false_alarm']}, one",
        f"emotion as another {found['confused']}.",
        "",
        "| emotion | recordings | found | median s | 90 % s |",
        "|---|---|---|---|---|",
    ]
    for name, row in found["onsets"].items():
        times = " | ".join("–" if row[k] is None else str(row[k]) for k in ("median_s", "p90_s"))
        lines.append(f"| {name} | {row['splices']} | {row['found']} % | {times} |")
    return lines


def draw(
    folder: Path,
    labels: list[Label],
    counts: Ints,
    bins: Reliability,
    curve: tuple[Floats, Floats],
) -> None:
    """Write confusion.png, reliability.png and risk_coverage.png."""
    from matplotlib.figure import Figure

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.55 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    figure.savefig(folder / "confusion.png", dpi=120)

    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    axes.plot(bins.confidence, bins.accuracy, marker="o")
    axes.set(xlabel="confidence", ylabel="right", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"expected calibration error {100 * bins.ece:.1f} %")
    figure.savefig(folder / "reliability.png", dpi=120)

    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(curve[0], curve[1])
    axes.set(xlabel="share answered", ylabel="error among the answered", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    figure.savefig(folder / "risk_coverage.png", dpi=120)
