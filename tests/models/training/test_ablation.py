import json
from pathlib import Path

import pytest

from tonewatch.models.labels import Label
from tonewatch.models.training.ablation import ablate, plans, write_ablation
from tonewatch.models.training.corpus import read_manifest
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.features import COPIES
from tonewatch.models.training.variants import VARIANTS

from .small import HEADS, LAYERS, WIDTH, variables, voice, write_corpus

pytestmark = pytest.mark.torch


def test_plans_try_none_each_all_and_all_but_each() -> None:
    found = dict(plans(("speed", "codec")))
    assert found["none"] == ("clean",)
    assert found["codec"] == ("clean", "codec")
    assert found["all"] == ("clean", "speed", "codec")
    assert found["all but speed"] == ("clean", "codec")


def test_each_augmentation_has_its_row(tmp_path: Path) -> None:
    # A label that no head knows is no task for one.
    labels: tuple[Label, ...] = ("angry", "fearful", "other")
    clips = read_manifest(write_corpus(tmp_path / "corpus", labels=labels))
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    rows = ablate(
        clips, encoder, [voice(5, 5)], ("angry", "fearful"), 1e-2, tmp_path / "c", lambda _: None
    )
    assert len(rows) == 3 + 2 * len(VARIANTS)
    assert set(rows["none"]) == {*COPIES, *(f"corpus: {copy}" for copy in COPIES)}
    # Pitch tells these two apart, whatever the line does.
    assert rows["all"]["clean"] >= 75
    text = write_ablation(rows, tmp_path / "out", clips=24).read_text(encoding="utf-8")
    assert text.count("\n|") == len(rows) + 2
    assert json.loads((tmp_path / "out/ablation.json").read_text(encoding="utf-8")) == rows
