from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import LABELS, Label
from tonewatch.models.training.corpus import Clip, read_manifest
from tonewatch.models.training.crossval import HeldOut
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.features import COPIES, extract
from tonewatch.models.training.held import Known, frozen, keep_held, kept_held, read_held, tuned
from tonewatch.models.training.streaming import StreamingConfig, StreamingEncoder, from_encoder
from tonewatch.models.training.tuning import Tuning, Whole

from .small import HEADS, LAYERS, WIDTH, variables, write_corpus

pytestmark = pytest.mark.torch
LABELS_KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")
NOISE = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
JOB = Tuning(steps=2, batch=2, half=False)


@pytest.fixture(scope="module")
def encoder() -> StreamingEncoder:
    windowed = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    return from_encoder(windowed, StreamingConfig(width=WIDTH, heads=HEADS)).eval()


@pytest.fixture(scope="module")
def known(encoder: StreamingEncoder, tmp_path_factory: pytest.TempPathFactory) -> Known:
    base = tmp_path_factory.mktemp("held")
    clips = read_manifest(write_corpus(base / "corpus"))
    data = extract(clips, encoder, NOISE, base / "cache", lambda _: None)
    sizes = {"first": 1, "second": 1}
    return Known(clips=clips, data=data, labels=LABELS_KNOWN, sizes=sizes, penalty=3e-3)


def silent(line: str) -> None:
    """Nothing is told."""


def told(found: list[HeldOut], clips: list[Clip]) -> dict[str, set[int]]:
    return {
        copy: {int(i) for part in found if part.copy == copy for i in part.clips} for copy in COPIES
    }


def test_each_clip_is_judged_once_by_speaker_and_once_by_corpus(
    known: Known, encoder: StreamingEncoder, tmp_path: Path
) -> None:
    found = tuned(known, encoder, NOISE, tmp_path, silent, JOB)
    everyone = set(range(len(known.clips)))
    for parts in (found.speakers, found.corpora):
        assert all(rows == everyone for rows in told(parts, list(known.clips)).values())
        assert sum(len(part.clips) for part in parts) == len(everyone) * len(COPIES)
    assert found.folds == {"first": 1, "second": 1}


def test_a_finished_fold_is_not_trained_again(
    known: Known, encoder: StreamingEncoder, tmp_path: Path
) -> None:
    said: list[str] = []
    one = tuned(known, encoder, NOISE, tmp_path, said.append, JOB)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    other = tuned(known, encoder, NOISE, tmp_path, said.append, JOB)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")} == files
    assert (one.head.weight == other.head.weight).all()
    for a, b in zip(one.speakers, other.speakers, strict=True):
        assert (a.corpus, a.copy) == (b.corpus, b.copy)
        assert (a.logits == b.logits).all()


def test_a_network_never_sees_labels_of_the_speakers_it_is_judged_on(
    known: Known, encoder: StreamingEncoder, tmp_path: Path
) -> None:
    """With the labels of one fold's speakers changed, that fold's answers stay as they are."""
    turned: dict[Label, Label] = {"angry": "neutral", "neutral": "angry", "fearful": "fearful"}
    lied = [
        Clip(
            path=clip.path,
            corpus=clip.corpus,
            speaker=clip.speaker,
            label=turned[clip.label] if clip.speaker.endswith("_0") else clip.label,
        )
        for clip in known.clips
    ]
    honest = tuned(known, encoder, NOISE, tmp_path / "a", silent, JOB)
    liar = Known(
        clips=lied, data=known.data, labels=known.labels, sizes=known.sizes, penalty=known.penalty
    )
    other = tuned(liar, encoder, NOISE, tmp_path / "b", silent, JOB)
    same = [
        np.array_equal(a.logits, b.logits)
        for a, b in zip(honest.speakers, other.speakers, strict=True)
    ]
    # The folds come one after the other: that of speakers 0, then that of speakers 1.
    assert same == [True] * (len(same) // 2) + [False] * (len(same) // 2)


def test_frozen_features_are_judged_by_the_same_measure(
    known: Known, encoder: StreamingEncoder
) -> None:
    found = frozen(known, encoder, silent)
    assert found.encoder is encoder
    assert {part.corpus for part in found.corpora} == {"first", "second"}


def test_a_head_on_pooled_features_and_the_whole_network_agree(
    known: Known, encoder: StreamingEncoder
) -> None:
    head = frozen(known, encoder, silent).head
    rows = list(range(4))
    found = read_held(Whole(encoder, head), known.clips, rows, NOISE)
    clean = next(part for part in found if part.copy == "clean")
    of = (known.data.copy == 0) & np.isin(known.data.clip, rows)
    # Pooled features are kept in half precision.
    assert clean.logits[:, 0] == pytest.approx(head.logits(known.features[of])[:, 0], abs=0.05)


def test_logits_are_kept_whole(tmp_path: Path) -> None:
    part = HeldOut(
        corpus="a",
        copy="telephone+noise",
        clips=np.array([3, 5]),
        logits=np.ones((2, len(LABELS)), np.float32),
    )
    keep_held(tmp_path / "held.npz", [part])
    (found,) = kept_held(tmp_path / "held.npz")
    assert (found.corpus, found.copy) == ("a", "telephone+noise")
    assert (found.clips == part.clips).all()
    assert (found.logits == part.logits).all()
