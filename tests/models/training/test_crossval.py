from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import LABELS, Label
from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.crossval import (
    HeldOut,
    corpus_folds,
    hold_out,
    joint_folds,
    rivals_told_apart,
    speaker_folds,
    uar,
)
from tonewatch.models.training.features import COPIES, Features

pytestmark = pytest.mark.torch
KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")


def clips(speakers: int = 4, *, corpora: tuple[str, ...] = ("a", "b")) -> list[Clip]:
    return [
        Clip(path=Path("x.wav"), corpus=corpus, speaker=f"{corpus}_{i:02}", label=label)
        for corpus in corpora
        for i in range(speakers)
        for label in KNOWN
        for _ in range(5)
    ]


def test_every_speaker_is_held_out_once() -> None:
    folds = list(speaker_folds(clips(), {"a": 1, "b": 2}))
    assert [corpus for corpus, _ in folds] == ["a"] * 4 + ["b"] * 2
    held = sorted(speaker for _, speakers in folds for speaker in speakers)
    assert held == sorted({clip.speaker for clip in clips()})


def test_joint_folds_hold_every_speaker_of_all_corpora_out_once() -> None:
    rows = [*clips(6), *clips(2, corpora=("c",))]
    folds = list(joint_folds(rows, ["a", "c"], 4))
    assert len(folds) == 4
    assert [len({s for s in fold if s.startswith("a")}) for fold in folds] == [2, 2, 1, 1]
    held = sorted(speaker for fold in folds for speaker in fold)
    assert held == sorted({clip.speaker for clip in rows if clip.corpus != "b"})


def test_there_are_no_more_joint_folds_than_speakers() -> None:
    assert len(list(joint_folds(clips(3), ["a", "b"], 4))) == 3


def test_a_whole_corpus_is_held_out() -> None:
    (only,) = corpus_folds(clips(), ["b"])
    assert only == ("b", {f"b_{i:02}" for i in range(4)})


def test_held_out_speakers_are_read_by_a_head_that_never_saw_them() -> None:
    rows = clips()
    rng = np.random.default_rng(0)
    truth = np.array([LABELS.index(clip.label) for clip in rows])
    features = np.repeat(3 * np.eye(9)[truth], len(COPIES), axis=0)
    features += rng.standard_normal(features.shape) * 0.1
    # The last speaker's labels are turned round: a head that saw them would be pulled.
    liar = np.repeat([clip.speaker == "b_03" for clip in rows], len(COPIES))
    features[np.ix_(liar, [0, 2, 4])] = features[np.ix_(liar, [4, 0, 2])]
    data = Features(
        pooled=features[:, None].astype(np.float16),
        clip=np.repeat(np.arange(len(rows)), len(COPIES)).astype(np.int32),
        copy=np.tile(np.arange(len(COPIES)), len(rows)).astype(np.int8),
    )
    found = hold_out(
        features.astype(np.float32), data, rows, speaker_folds(rows, {"b": 1}), KNOWN, 1e-3
    )
    assert {part.copy for part in found} == set(COPIES)
    honest = [part for part in found if not any(rows[i].speaker == "b_03" for i in part.clips)]
    turned = [part for part in found if part not in honest]
    assert uar(honest, rows) == 1
    assert uar(turned, rows) == 0


def test_recall_is_averaged_over_labels_not_clips() -> None:
    rows = [*clips(1, corpora=("a",))[:5], *clips(1, corpora=("a",))[-2:]]
    logits = np.zeros((7, 9), np.float32)
    logits[:, LABELS.index("angry")] = 1
    part = HeldOut(corpus="a", copy="clean", clips=np.arange(7), logits=logits)
    assert uar([part], rows) == 0.5
    assert uar([part], rows, ["neutral"]) == 1, "the answer is chosen among the labels asked for"


def test_rivals_are_judged_between_themselves_alone() -> None:
    labels: tuple[Label, ...] = ("fearful", "disgusted", "disgusted", "angry")
    rows = [Clip(path=Path("x"), corpus="a", speaker="s", label=label) for label in labels]
    logits = np.zeros((4, 9), np.float32)
    logits[:, LABELS.index("angry")] = 9
    logits[[0, 1], LABELS.index("fearful")] = 1
    logits[2, LABELS.index("disgusted")] = 1
    part = HeldOut(corpus="a", copy="clean", clips=np.arange(4), logits=logits)
    assert rivals_told_apart([part], rows) == pytest.approx(2 / 3)
    # A corpus without disgust says nothing of the two.
    alone = HeldOut(corpus="a", copy="clean", clips=np.array([0]), logits=logits[:1])
    assert rivals_told_apart([alone], rows) is None
