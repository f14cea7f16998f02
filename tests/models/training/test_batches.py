from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import LABELS
from tonewatch.models.training.batches import LENGTHS, Drawing, clip_weights, draw
from tonewatch.models.training.corpus import Clip
from tonewatch.models.training.teacher import Lesson

from .small_material import KNOWN, tones

pytestmark = pytest.mark.torch
OF = tones(unlabelled=2)
EVERY = Drawing(batch=6, seed=1, augment=("noise-any", "gain", "short"), mixup=0.4)


@given(step=st.integers(0, 500), world=st.sampled_from([1, 2, 3]))
def test_processes_share_a_batch_between_them(step: int, world: int) -> None:
    whole = draw(OF, EVERY, step)
    parts = [draw(OF, EVERY, step, rank, world) for rank in range(world)]
    for name in ("waves", "spoken", "targets", "hidden", "weights"):
        rows = torch.stack([getattr(part, name) for part in parts], 1).flatten(0, 1)
        assert torch.equal(rows, getattr(whole, name)), name


@given(step=st.integers(0, 500))
def test_a_batch_has_true_lengths_and_whole_targets(step: int) -> None:
    batch = draw(OF, EVERY, step)
    frames = batch.spoken.shape[1]
    assert frames in LENGTHS
    assert batch.waves.shape == (6, 320 * frames)
    assert batch.waves.dtype == torch.float32
    assert torch.allclose(batch.targets.sum(1), torch.ones(6))
    assert torch.isfinite(batch.waves).all()


def test_sound_without_a_label_weighs_nothing() -> None:
    plain = Drawing(batch=64, seed=1)
    weights = draw(OF, plain, 0).weights
    assert 0 < int((weights == 0).sum()) < 64


def test_labels_that_the_corpus_lacks_are_hidden() -> None:
    batch = draw(tones(), Drawing(batch=4), 0)
    unknown = [label not in KNOWN for label in LABELS]
    assert (batch.hidden.numpy() == unknown).all()


def test_lessons_keep_their_place() -> None:
    frames = np.arange(100, dtype=np.float32)
    lesson = Lesson(logits=np.repeat(frames[:, None], 9, 1), features=frames[:, None])
    batch = draw(tones(lessons=[lesson] * 12), Drawing(batch=4), 3)
    assert batch.taught is not None
    logits, features = batch.taught
    steps = np.diff(features[..., 0].numpy(), axis=1)
    assert set(np.unique(steps)) <= {1.0, -99.0}, "one frame after the other, from the start again"
    assert torch.equal(logits[..., 0], features[..., 0])


def test_three_ways_to_balance() -> None:
    clips = [
        Clip(path=Path("x"), corpus=corpus, speaker="s", label=label)
        for corpus, label, count in (("a", "angry", 6), ("a", "sad", 2), ("b", "angry", 2))
        for _ in range(count)
    ]
    assert clip_weights(clips, "none").tolist() == [1] * 10
    weighted = clip_weights(clips, "weighted")
    assert weighted[0] == weighted[-1]
    assert weighted[6:8].sum() == pytest.approx(weighted.sum() / 2)
    balanced = clip_weights(clips, "balanced")
    assert balanced[:8].sum() == pytest.approx(balanced[8:].sum())
    assert balanced[:6].sum() == pytest.approx(balanced[6:8].sum())
