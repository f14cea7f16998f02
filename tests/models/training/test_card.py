from pathlib import Path
from typing import Any

import pytest

from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Calibration, DataSource, Licence, Manifest
from tonewatch.models.registry import embedded_folder
from tonewatch.models.training.card import write_card, write_notice
from tonewatch.models.training.card_files import read_figures


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
    assert "`happy`, `other`, `sad`, `surprised` and `unknown` cannot be read" in card


def test_a_card_of_one_corpus_says_that_others_are_not_known(tmp_path: Path) -> None:
    write_card(tmp_path, manifest(uar_unseen_corpus_shared_labels={}, ece_unseen_corpus=None))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "nothing is known of others" in card
    assert "error 3.1 % on unseen speakers (fitted on held-out speakers;" in card


ROW = {"clips": 4, "speakers": 2, "uar": 50.0, "uar_interval": [40.0, 60.0]}
ROW |= {"wa": 50.0, "macro_f1": 48.1, "ece": 9.9}
KIND: dict[str, Any] = {
    "groups": {"all": {"all": ROW}, "corpus": {"calls": ROW}},
    "confusion": {"angry": {"angry": 3, "neutral": 1}, "neutral": {"angry": 0, "neutral": 4}},
    "rivals": None,
    "risk_coverage": {"50 %": 12.5, "100 %": 25.0},
    "unknown_below": {"50 %": 0.61, "100 %": 0.2},
    "reliability": {"confidence": [0.3, 0.8], "accuracy": [0.4, 0.7], "share": [0.5, 0.5]},
}
FIGURES: dict[str, Any] = {
    "clips_taken": 3,
    "condition_clips": 4,
    "noise": 7,
    "languages": ["de", "pl"],
    "speakers": KIND,
    "corpora": KIND,
    "conditions": {"babble 10 dB": {"uar": 48, "change": -2.0, "change_interval": [-3.0, 1.0]}},
    "changes": None,
}


def test_the_card_tells_what_lies_beside_it(tmp_path: Path) -> None:
    write_card(tmp_path, manifest(), FIGURES)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.count("| calls | 4 | 2 | 50.0 (40.0 to 60.0) | 50.0 | 48.1 | 9.9 |") == 2
    assert "| angry | 3 | 1 |" in card
    assert "| 50 % | 12.5 | 0.61 |" in card
    assert "| babble 10 dB | 48 | -2.0 (-3.0 to +1.0) |" in card
    assert "Noise: 7 recordings that were not learned with" in card
    assert "Languages heard: de, pl." in card
    for name in ("card.png", "card.json"):
        assert f"({name})" in card


def test_a_card_of_one_corpus_and_white_noise_says_so(tmp_path: Path) -> None:
    alone = FIGURES | {"corpora": None, "noise": 0, "languages": []}
    write_card(tmp_path, manifest(), alone)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "Noise: white noise." in card
    assert "Languages heard" not in card


def test_a_temperature_for_strangers_says_that_it_is_one(tmp_path: Path) -> None:
    write_card(tmp_path, manifest(for_strangers=True))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "too unsure of voices like them" in card
    assert "left out of the fit" not in card


def test_a_card_names_the_further_copies_that_were_learned_from(tmp_path: Path) -> None:
    write_card(tmp_path, manifest(augment=["babble", "short"]))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "Learned from these copies of each clip, and from further ones: babble, short." in card
    write_card(tmp_path, manifest())
    assert "further ones" not in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_encoders_licence_goes_with_its_weights(tmp_path: Path) -> None:
    write_notice(tmp_path)
    notice = (tmp_path / "NOTICE").read_text(encoding="utf-8")
    assert "MIT License" in notice
    assert "Copyright (c) 2022 OpenAI" in notice
    assert "noise" not in notice
    write_notice(tmp_path, ["Rain by Ann (CC BY 3.0)"])
    credited = (tmp_path / "NOTICE").read_text(encoding="utf-8")
    assert credited.startswith(notice)
    assert "- Rain by Ann (CC BY 3.0)\n" in credited


@pytest.mark.parametrize("name", ["compact", "compact-free", "compact-stream"])
def test_the_shipped_card_and_notice_are_those_of_the_shipped_manifest(
    tmp_path: Path, name: str
) -> None:
    """Nobody edits a figure by hand."""
    folder = embedded_folder() / name
    figures = read_figures(folder)
    write_card(tmp_path, Manifest.load(folder), figures)
    write_notice(tmp_path, figures.get("credits", ()) if figures else ())
    for name in ("README.md", "NOTICE"):
        assert (folder / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(
            encoding="utf-8"
        )
