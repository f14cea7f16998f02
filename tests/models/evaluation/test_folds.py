import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.centres import Compass
from tonewatch.models.evaluation.embeddings import embed
from tonewatch.models.evaluation.folds import (
    HeadEngine,
    centres_of,
    held_out,
    learn,
    rivals_of,
    targets_of,
    with_both,
)
from tonewatch.models.labels import FEARFUL
from tonewatch.models.training.corpus import Clip, CorpusError, read_manifest
from tonewatch.models.window import Window

from .made import BandEngine, corpus

WITHOUT_TORCH = importlib.util.find_spec("torch") is None


def clip(corpus: str, speaker: str, label: str, role: str = "eval") -> Clip:
    return Clip(path=Path("x"), corpus=corpus, speaker=speaker, label=label, role=role)  # type: ignore[arg-type]


def test_a_corpus_with_one_of_the_two_is_no_judge() -> None:
    clips = [clip("a", "1", "fearful"), clip("a", "2", "disgusted"), clip("b", "3", "fearful")]
    assert with_both(clips) == ["a"]


def test_every_speaker_is_held_out_once_and_training_corpora_never() -> None:
    clips = [clip("a", str(n), label) for n in range(7) for label in ("fearful", "disgusted")]
    clips += [clip("t", "x", label, "train") for label in ("fearful", "disgusted")]
    folds = list(held_out(clips, most=3))
    assert sorted(speaker for _, speakers in folds for speaker in speakers) == list("0123456")
    assert len(folds) == 3


def test_centres_come_from_all_copies(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    engine = BandEngine()
    embedded = embed(engine, clips, lambda _: None)
    compass = Compass(centres_of(clips, embedded, engine.manifest, "1"))
    two = rivals_of(targets_of(clips))
    for copy in embedded.features:
        share = compass.fear_share(compass.place(copy[two]))
        assert ((share > 0.5) == (targets_of(clips)[two] == FEARFUL)).all()


@pytest.mark.torch
@pytest.mark.skipif(WITHOUT_TORCH, reason="needs torch")
def test_a_fold_learns_without_its_speakers(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    engine = BandEngine()
    embedded = embed(engine, clips, lambda _: None)
    folds = learn(clips, embedded, engine.manifest, lambda _: None)
    assert sorted(name for fold in folds for name in fold.speakers) == ["s0", "s1", "s2", "s3"]
    sound = Window(
        leg="a", start_frame=0, samples=np.zeros(16_000, np.float32), speech=1, captured_at=0
    )
    (frames,) = HeadEngine(engine, folds[0].head).infer([sound])
    assert np.array_equal(frames.logits, folds[0].head.logits(frames.features))


def test_a_body_that_has_learned_the_labels_is_refused(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path))
    engine = BandEngine()
    embedded = embed(engine, clips, lambda _: None)
    learned = {"tuned": {"steps": 1}, "trained_speakers": [clips[0].speaker]}
    manifest = engine.manifest.model_copy(update={"accuracy": learned})
    with pytest.raises(CorpusError, match="no fold can undo"):
        learn(clips, embedded, manifest, lambda _: None)
