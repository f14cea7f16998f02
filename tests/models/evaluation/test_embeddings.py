from pathlib import Path

import numpy as np

from tonewatch.models.evaluation.embeddings import embed
from tonewatch.models.training.corpus import read_manifest

from .made import BandEngine, corpus


def test_a_clip_is_one_row_clean_and_by_telephone(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    found = embed(BandEngine(), clips, lambda _: None)
    assert found.logits.shape == (2, len(clips), 9)
    assert found.features.shape == (2, len(clips), 4)
    assert not np.allclose(found.features[0], found.features[1], atol=0.01)


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    engine = BandEngine()
    first = embed(engine, clips, lambda _: None, tmp_path / "cache")
    read = engine.read
    again = embed(engine, clips, lambda _: None, tmp_path / "cache")
    assert engine.read == read
    assert np.array_equal(first.features, again.features)
    assert not list((tmp_path / "cache").glob("*.part*"))


def test_another_model_reads_for_itself(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    embed(BandEngine(), clips, lambda _: None, tmp_path / "cache")
    other = BandEngine()
    other.manifest = other.manifest.model_copy(update={"sha256": "d" * 64})
    embed(other, clips, lambda _: None, tmp_path / "cache")
    assert other.read > 0
