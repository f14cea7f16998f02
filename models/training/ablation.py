"""Which augmentation earns its place: the head learned without any, with each one, with all, and
with all but each; judged on the same unseen speakers and unseen corpora, clean and degraded."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..labels import Label
from ..window import Float32
from .corpus import Clip, read_clip
from .crossval import SHARED, HeldOut, corpus_folds, hold_out, speaker_folds, uar
from .features import COPIES, extract
from .joined import Body
from .variants import VARIANTS

VOICES = 40
"""Clips kept for babble."""

Row = Mapping[str, float]


def plans(names: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name of a row and the copies that its head learns from."""
    yield "none", ("clean",)
    yield "shipped (telephone, noise, both)", COPIES
    for name in names:
        yield name, ("clean", name)
    yield "all", ("clean", *names)
    for name in names:
        yield f"all but {name}", ("clean", *(other for other in names if other != name))


def ablate(
    clips: Sequence[Clip],
    encoder: Body,
    noise: Sequence[Float32],
    known: Sequence[Label],
    penalty: float,
    cache: Path,
    say: Callable[[str], None],
) -> dict[str, Row]:
    """Rows of the table: mean UAR in percent over the clips' corpora, by copy, for unseen speakers
    and (`corpus: ...`) for unseen corpora."""
    voices = [read_clip(clip.path) for clip in clips[:: max(1, len(clips) // VOICES)]]
    names = tuple(VARIANTS)
    data = extract(clips, encoder, noise, cache, say, copies=(*COPIES, *names), voices=voices)
    features = data.pooled[:, -1].astype(np.float32)
    corpora = sorted({clip.corpus for clip in clips})
    sizes = {
        corpus: max(1, len({c.speaker for c in clips if c.corpus == corpus}) // 5)
        for corpus in corpora
    }
    rows: dict[str, Row] = {}
    for title, copies in plans(names):
        folds = speaker_folds(clips, sizes)
        speakers = hold_out(features, data, clips, folds, known, penalty, copies)
        row = _means(speakers, clips, known)
        if len(corpora) > 1:
            folds = corpus_folds(clips, corpora)
            unseen = hold_out(features, data, clips, folds, known, penalty, copies)
            found = _means(unseen, clips, SHARED)
            row |= {f"corpus: {copy}": value for copy, value in found.items()}
        rows[title] = row
        say(f"{title}: " + ", ".join(f"{copy} {value}" for copy, value in row.items()))
    return rows


def _means(
    found: Sequence[HeldOut], clips: Sequence[Clip], labels: Sequence[Label]
) -> dict[str, float]:
    corpora = sorted({part.corpus for part in found})
    return {
        copy: round(
            100
            * float(
                np.mean(
                    [
                        uar(
                            [p for p in found if (p.corpus, p.copy) == (corpus, copy)],
                            clips,
                            labels,
                        )
                        for corpus in corpora
                    ]
                )
            ),
            1,
        )
        for copy in COPIES
    }


def write_ablation(rows: Mapping[str, Row], folder: Path, clips: int) -> Path:
    """Write `ablation.json` and `ablation.md`, which says of how many clips; returns the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ablation.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    columns = list(next(iter(rows.values())))
    lines = [
        "Mean unweighted average recall, percent, over corpora. The head learned from clean speech",
        "and from the augmentation that the row names; judged on speakers, and (corpus) on whole",
        f"corpora, that it had not heard. {clips} clips in all.",
        "",
        f"| learned with | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
        *(
            f"| {title} | {' | '.join(str(row[column]) for column in columns)} |"
            for title, row in rows.items()
        ),
    ]
    path = folder / "ablation.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
