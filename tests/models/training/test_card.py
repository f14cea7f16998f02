from pathlib import Path

from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Calibration, DataSource, Licence, Manifest
from tonewatch.models.training.card import write_card


def test_the_card_says_what_the_manifest_says(tmp_path: Path) -> None:
    manifest = Manifest(
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
            "uar_unseen_speakers": {"calls": {"clean": 71.5, "telephone": 60.1}},
            "uar_unseen_corpus_shared_labels": {"calls": {"clean": 51.5, "telephone": 40.1}},
        },
    )
    write_card(tmp_path, manifest)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# own 7\n")
    assert "Frame logits of angry, neutral, 50 a second, from 3 s" in card
    assert "| calls | 71.5 | 60.1 |" in card
    assert "| calls | 12 | own | yes |" in card
    assert "temperature 1.25, expected calibration error 3.1 %" in card
    assert "Trained on free data alone." in card
