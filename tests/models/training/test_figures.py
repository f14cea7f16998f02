from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import Label
from tonewatch.models.manifest import Calibration, Manifest
from tonewatch.models.training.corpus import read_manifest
from tonewatch.models.training.deliver import Delivery, deliver
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.features import extract
from tonewatch.models.training.figures import card_figures, engines_of, thinned
from tonewatch.models.training.forms import network_of
from tonewatch.models.training.held import Judged, Known, frozen, tuned
from tonewatch.models.training.streaming import StreamingConfig, from_encoder
from tonewatch.models.training.tuning import Tuning

from .small import HEADS, LAYERS, WIDTH, variables, write_corpus

pytestmark = pytest.mark.torch
LABELS_KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")
NOISE = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]


def silent(line: str) -> None:
    """Nothing is told."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    base = tmp_path_factory.mktemp("figures")
    clips = read_manifest(write_corpus(base / "corpus"))
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    body = from_encoder(encoder, StreamingConfig(width=WIDTH, heads=HEADS)).eval()
    data = extract(clips, body, NOISE, base / "cache", silent)
    sizes = {"first": 1, "second": 1}
    return Known(clips=clips, data=data, labels=LABELS_KNOWN, sizes=sizes, penalty=3e-3)


def judged_of(known: Known, cache: Path, *, tune: bool) -> Judged:
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    body = from_encoder(encoder, StreamingConfig(width=WIDTH, heads=HEADS)).eval()
    if tune:
        return tuned(known, body, NOISE, cache, silent, Tuning(steps=2, batch=2, half=False))
    return frozen(known, body, silent)


def delivered(known: Known, judged: Judged, folder: Path) -> Manifest:
    how = Delivery(
        folder=folder,
        name="made",
        version="1",
        known=LABELS_KNOWN,
        commercial=(),
        calibration=Calibration(),
        accuracy={"uar_unseen_speakers": {"first": {"clean": 1.0}}}
        | {"uar_unseen_corpus_shared_labels": {}},
        feature_dim=WIDTH,
    )
    network = network_of(judged.encoder, judged.head, "unrolled")
    deliver(network, how, known.clips, known.clips, silent)
    return Manifest.load(folder)


@pytest.mark.parametrize("tune", [False, True])
def test_a_clip_is_judged_by_a_network_without_its_speaker(
    known: Known, tmp_path: Path, tune: bool
) -> None:
    judged = judged_of(known, tmp_path / "tuning", tune=tune)
    manifest = delivered(known, judged, tmp_path / "made")
    engines = engines_of(judged, tmp_path / "made", "unrolled", tmp_path / "cache")
    assert set(engines) == {clip.speaker for clip in known.clips}
    assert len({id(engine) for engine in engines.values()}) == len(judged.strangers)
    figures = card_figures(
        known.clips, manifest, judged.speakers, judged.corpora, engines, NOISE, silent
    )
    assert figures["speakers"]["groups"]["all"]["all"]["speakers"] == 4
    assert figures["condition_clips"] == 12
    assert figures["noise"] == 1
    assert figures["languages"] == []
    assert figures["changes"]["onsets"].keys() == {"angry", "fearful"}


def test_a_strangers_graph_is_that_of_its_own_weights(known: Known, tmp_path: Path) -> None:
    judged = judged_of(known, tmp_path / "tuning", tune=True)
    delivered(known, judged, tmp_path / "made")
    engines = engines_of(judged, tmp_path / "made", "unrolled", tmp_path / "cache")
    digests = {engine.manifest.sha256 for engine in engines.values()}
    assert len(digests) == len(judged.strangers)
    assert Manifest.load(tmp_path / "made").sha256 not in digests


def test_each_label_of_each_speaker_is_left_when_clips_are_thinned(known: Known) -> None:
    kept = thinned(known.clips, 3)
    assert {(c.speaker, c.label) for c in kept} == {(c.speaker, c.label) for c in known.clips}
    assert len(kept) == 12
    assert thinned(kept, 3) == kept
    assert thinned(known.clips, 1) == list(known.clips)
