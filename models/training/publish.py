"""The model folder of a trained network: model.json and card beside the graph."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..labels import LABELS, Label
from ..manifest import DataSource, Licence, Manifest
from .card import write_card, write_notice
from .card_files import write_figures
from .corpus import Clip
from .crossval import SHARED, HeldOut, rivals_told_apart, uar
from .features import COPIES

FREE_NOTICE: Final = "Trained on free data alone: commercial use is allowed."


def publish(folder: Path, manifest: Manifest, *, notice: bool = True) -> None:
    """Write model.json, README.md and, for a graph with Whisper's layers, NOTICE."""
    content = manifest.model_dump(mode="json", by_alias=True)
    (folder / "model.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    write_card(folder, manifest)
    if notice:
        write_notice(folder)


def publish_figures(folder: Path, manifest: Manifest, figures: Mapping[str, Any]) -> None:
    """Write card.json, card.png, the README.md that tells of them and, with credits, NOTICE."""
    write_figures(folder, figures)
    write_card(folder, manifest, figures)
    if figures.get("credits"):
        write_notice(folder, figures["credits"])


def digest_of(graph: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(graph.read_bytes()).hexdigest()


def accuracy_of(
    clips: Sequence[Clip],
    learned: Sequence[Clip],
    speakers: Sequence[HeldOut],
    corpora: Sequence[HeldOut],
    sizes: Mapping[str, int],
) -> dict[str, Any]:
    """UAR in percent: by corpus and copy over unseen speakers; over unseen corpora. The share of
    fearful and disgusted clips that are told apart; how many clips were `learned` from, by whom."""

    def table(found: Sequence[HeldOut], labels: Sequence[Label] | None) -> dict[str, Any]:
        names = sorted({part.corpus for part in found})
        return {
            corpus: {
                copy: round(
                    100
                    * uar(
                        [p for p in found if (p.corpus, p.copy) == (corpus, copy)], clips, labels
                    ),
                    1,
                )
                for copy in COPIES
            }
            for corpus in names
        }

    def rivals(found: Sequence[HeldOut]) -> dict[str, float]:
        parts = {copy: [part for part in found if part.copy == copy] for copy in COPIES}
        values = {copy: rivals_told_apart(of, clips) for copy, of in parts.items()}
        return {copy: round(100 * value, 1) for copy, value in values.items() if value is not None}

    known = [label for label in LABELS if label not in ("other", "unknown")]
    return {
        "command": "tonewatch train",
        "held_out_speakers_at_a_time": dict(sizes),
        "uar_unseen_speakers": table(speakers, known),
        "uar_unseen_corpus_shared_labels": table(corpora, SHARED),
        "fear_against_disgust_unseen_speakers": rivals(speakers),
        "fear_against_disgust_unseen_corpus": rivals(corpora),
        "clips": len(learned),
        "speakers": len({clip.speaker for clip in learned}),
        "trained_speakers": sorted({clip.speaker for clip in learned}),
    }


def sources_of(clips: Sequence[Clip], commercial: Sequence[str]) -> tuple[DataSource, ...]:
    """The corpora of clips, and which of them allow commercial use."""
    corpora = sorted({clip.corpus for clip in clips})
    return tuple(
        DataSource(
            corpus=corpus,
            licence=next(clip.licence for clip in clips if clip.corpus == corpus) or "not stated",
            commercial=corpus in commercial,
            clips=sum(clip.corpus == corpus for clip in clips),
        )
        for corpus in corpora
    )


def licence_of(clips: Sequence[Clip], commercial: Sequence[str], name: str) -> Licence:
    """What may be done with weights that saw these clips."""
    if all(clip.corpus in commercial for clip in clips):
        return Licence(name="free", commercial_use=True, notice=FREE_NOTICE)
    return Licence(
        name="research and evaluation only",
        commercial_use=False,
        notice=(
            f"The weights of {name} saw corpora for research only: "
            "evaluation and research, no commercial use."
        ),
    )
