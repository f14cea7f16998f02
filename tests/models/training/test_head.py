from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import LABELS, MASKED_LOGIT, Label
from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.head import (
    balanced_weights,
    fit_head,
    label_masks,
)

pytestmark = pytest.mark.torch


def clip(corpus: str, label: Label) -> Clip:
    return Clip(path=Path("x.wav"), corpus=corpus, speaker=f"{corpus}_1", label=label)


def blobs(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Three labels (0, 2, 4) around three corners."""
    rng = np.random.default_rng(0)
    targets = rng.choice([0, 2, 4], count)
    corners = 3 * np.eye(5, dtype=np.float32)
    return (corners[targets] + rng.standard_normal((count, 5)) * 0.5).astype(np.float32), targets


def test_a_label_that_a_corpus_lacks_is_masked() -> None:
    masks = label_masks([clip("a", "angry"), clip("a", "sad"), clip("b", "happy")])
    names = [{LABELS[i] for i in np.flatnonzero(row)} for row in masks]
    assert names == [{"angry", "sad"}, {"angry", "sad"}, {"happy"}]


def test_labels_weigh_the_same_and_so_do_corpora() -> None:
    clips = [clip("a", "angry")] * 6 + [clip("a", "sad")] * 2 + [clip("b", "sad")] * 2
    weights = balanced_weights(clips)
    assert weights.mean() == pytest.approx(1)
    assert weights[:6].sum() == pytest.approx(weights[6:8].sum())
    assert weights[:8].sum() == pytest.approx(weights[8:].sum())


def test_a_head_learns_and_gives_unknown_labels_no_mass() -> None:
    features, targets = blobs()
    masks = np.ones((len(targets), 9), bool)
    head = fit_head(features, targets, masks, np.ones(len(targets)))
    logits = head.logits(features)
    assert (logits.argmax(axis=1) == targets).mean() > 0.97
    absent = [i for i in range(9) if i not in (0, 2, 4)]
    assert (logits[:, absent] == MASKED_LOGIT).all()


def test_mean_of_frame_logits_is_the_logit_of_the_mean() -> None:
    features, targets = blobs()
    head = fit_head(features, targets, np.ones((len(targets), 9), bool), np.ones(len(targets)))
    wanted = head.logits(features.mean(axis=0, keepdims=True))[0]
    assert head.logits(features).mean(axis=0) == pytest.approx(wanted, abs=1e-3)


def test_a_masked_label_is_no_negative() -> None:
    """Clips of a corpus without label 2 lie where it lies: masked, they do not push it away."""
    rng = np.random.default_rng(0)
    features, targets = blobs()
    extra = (3 * np.eye(5)[2] + rng.standard_normal((300, 5)) * 0.5).astype(np.float32)
    both, all_targets = np.concatenate([features, extra]), np.concatenate([targets, [4] * 300])
    masks = np.ones((600, 9), bool)
    unmasked = fit_head(both, all_targets, masks, np.ones(600)).logits(features)
    masks[300:, 2] = False
    masked = fit_head(both, all_targets, masks, np.ones(600)).logits(features)
    there = targets == 2
    assert (masked.argmax(1) == 2)[there].mean() > (unmasked.argmax(1) == 2)[there].mean() + 0.2
