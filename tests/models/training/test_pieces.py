from pathlib import Path

import numpy as np
import pytest
import torch

from tonewatch.models.labels import LABELS, Label
from tonewatch.models.training.corpus import Clip, read_manifest
from tonewatch.models.training.pieces import LENGTHS, Shelf, cut, shelf

from .small import write_corpus

pytestmark = pytest.mark.torch
KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return read_manifest(write_corpus(tmp_path_factory.mktemp("pieces")))


@pytest.fixture(scope="module")
def material(clips: list[Clip]) -> Shelf:
    noise = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
    return shelf(clips, noise, KNOWN)


def test_a_batch_depends_on_seed_and_step_alone(material: Shelf) -> None:
    one, same, other = (cut(material, 4, 0, step) for step in (3, 3, 4))
    assert torch.equal(one.waves, same.waves)
    assert torch.equal(one.held, same.held)
    assert one.waves.shape != other.waves.shape or not torch.equal(one.waves, other.waves)


def test_pieces_are_whole_frames_within_full_scale(material: Shelf) -> None:
    for step in range(6):
        pieces = cut(material, 3, 1, step)
        assert pieces.waves.shape[1] // 320 in LENGTHS
        assert pieces.spoken.shape == (3, pieces.waves.shape[1] // 320)
        assert pieces.waves.abs().max() <= 1
        assert pieces.spoken.sum(1).numpy() == pytest.approx(1, abs=1e-5)


def test_targets_are_shared_among_allowed_labels_alone(material: Shelf) -> None:
    pieces = cut(material, 8, 0, 0, smoothing=0.3)
    assert pieces.targets.sum(1).numpy() == pytest.approx(1, abs=1e-5)
    assert pieces.targets[pieces.hidden].abs().max() == 0
    allowed = [LABELS[i] for i in torch.nonzero(~pieces.hidden[0]).flatten().tolist()]
    assert tuple(allowed) == KNOWN
    assert pieces.targets.max().item() == pytest.approx(0.8, abs=1e-5)


def test_weights_make_up_for_how_often_a_clip_is_drawn(clips: list[Clip]) -> None:
    few = [clip for i, clip in enumerate(clips) if clip.corpus == "first" or i % 3 == 0]
    noise = [np.ones(100, np.float32)]
    made = shelf(few, noise, KNOWN)
    assert (made.chance * made.weights).sum() == pytest.approx(1)
    mass = made.chance * made.weights
    first = np.array([clip.corpus == "first" for clip in few])
    assert mass[first].sum() == pytest.approx(0.5)


def test_a_missing_recording_is_named() -> None:
    clip = Clip(path=Path("nowhere.wav"), corpus="a", speaker="b", label="angry")
    with pytest.raises(ValueError, match=r"nowhere\.wav"):
        shelf([clip], [], KNOWN)
