from pathlib import Path
from typing import Any

import pytest

from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Calibration, DataSource, Licence, Manifest
from tonewatch.models.registry import embedded_folder
from tonewatch.models.training.card import write_card, write_notice


def manifest(**accuracy: Any) -> Manifest:
    return Manifest(
        name="own",
        version="7",
        graph="own.onnx",
        window_samples=48_000,
        lengths=(48_000,),
        labels=LABELS,
        known=("angry", "neutral"),
        feature_dim=16,
        calibration=Calibration(temperature=1.25, ece=0.031, fitted_on="held-out speakers"),
        data=(DataSource(corpus="calls", licence="own", commercial=True, clips=12),),
        licence=Licence(name="free", commercial_use=True, notice="Trained on free data alone."),
        accuracy={
            "command": "tonewatch train",
            "clips": 12,
            "speakers": 3,
            "ece_unseen_corpus": 0.087,
            "uar_unseen_speakers": {"calls": {"clean": 71.5, "telephone": 60.1}},
            "uar_unseen_corpus_shared_labels": {"calls": {"clean": 51.5, "telephone": 40.1}},
        }
        | accuracy,
    )


def test_the_card_says_what_the_manifest_says(tmp_path: Path) -> None:
    write_card(tmp_path, manifest())
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# own 7\n")
    assert "Frame logits of angry, neutral, 50 a second, from 3 s" in card
    assert "| calls | 71.5 | 60.1 |" in card
    assert "| calls | 12 | own | yes |" in card
    assert "temperature 1.25, expected calibration error 3.1 % on unseen speakers" in card
    assert "8.7 % on unseen corpora" in card
    assert "Trained on free data alone." in card


def test_a_card_of_one_corpus_says_that_others_are_not_known(tmp_path: Path) -> None:
    write_card(tmp_path, manifest(uar_unseen_corpus_shared_labels={}, ece_unseen_corpus=None))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "nothing is known of others" in card
    assert "error 3.1 % on unseen speakers (fitted on held-out speakers;" in card


def test_the_encoders_licence_goes_with_its_weights(tmp_path: Path) -> None:
    write_notice(tmp_path)
    notice = (tmp_path / "NOTICE").read_text(encoding="utf-8")
    assert "MIT License" in notice
    assert "Copyright (c) 2022 OpenAI" in notice


@pytest.mark.parametrize("name", ["compact", "compact-stream"])
def test_the_shipped_card_and_notice_are_those_of_the_shipped_manifest(
    tmp_path: Path, name: str
) -> None:
    """Nobody edits a figure by hand."""
    folder = embedded_folder() / name
    write_card(tmp_path, Manifest.load(folder))
    write_notice(tmp_path)
    for name in ("README.md", "NOTICE"):
        assert (folder / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(
            encoding="utf-8"
        )
