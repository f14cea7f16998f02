from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Calibration, Manifest
from tonewatch.models.training.corpus import read_manifest
from tonewatch.models.training.deliver import Delivery, deliver, speech_of
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.forms import network_of
from tonewatch.models.training.head import Head

from .small import HEADS, LAYERS, WIDTH, variables, write_corpus

pytestmark = pytest.mark.torch


def test_a_delivered_folder_says_what_was_learned_from(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus"))
    learned = [clip for clip in clips if clip.corpus == "first"]
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    rng = np.random.default_rng(0)
    head = Head(
        weight=rng.standard_normal((len(LABELS), WIDTH)).astype(np.float32),
        bias=np.zeros(len(LABELS), np.float32),
    )
    unseen: dict[str, dict[str, float]] = {"first": {"clean": 50.0}}
    how = Delivery(
        folder=tmp_path / "made",
        name="made",
        version="7",
        known=("angry", "fearful", "neutral"),
        commercial=("first",),
        calibration=Calibration(temperature=1.5, ece=0.04),
        accuracy={"uar_unseen_speakers": unseen, "uar_unseen_corpus_shared_labels": {}},
        feature_dim=WIDTH,
    )
    said: list[str] = []
    manifest = Manifest.load(deliver(network_of(encoder, head), how, clips, learned, said.append))
    assert [source.corpus for source in manifest.data] == ["first"]
    assert manifest.licence.commercial_use
    assert manifest.calibration.temperature == 1.5
    assert manifest.checks
    assert (tmp_path / "made" / "NOTICE").is_file()
    assert "MB; small weights" in said[0]


def test_windows_are_taken_evenly_from_the_manifest(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus"))
    assert len(speech_of(clips, count=4)) == 4
    assert all(len(wave) == 16_000 for wave in speech_of(clips, count=4))
