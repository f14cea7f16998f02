from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tonewatch.models.labels import LABELS, MASKED_LOGIT, Label
from tonewatch.models.training.corpus import Clip, CorpusError, read_manifest
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.head import Head
from tonewatch.models.training.streaming import StreamingConfig, from_encoder
from tonewatch.models.training.tuning import KEEP_EVERY, Scale, Tuned, Tuning, Whole, tune

from .small import HEADS, LAYERS, WIDTH, variables, voice, write_corpus

pytestmark = pytest.mark.torch
KNOWN: tuple[Label, ...] = ("angry", "fearful", "neutral")
NOISE = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
JOB = Tuning(steps=40, batch=8, rate=3e-3, head_rate=3e-2, average=0.9, share=1.0, half=False)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return read_manifest(write_corpus(tmp_path_factory.mktemp("tuning") / "corpus"))


@pytest.fixture(scope="module")
def start() -> Tuned:
    windowed = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    encoder = from_encoder(windowed, StreamingConfig(width=WIDTH, heads=HEADS)).eval()
    known = np.array([label in KNOWN for label in LABELS])
    head = Head(
        weight=np.zeros((len(LABELS), WIDTH), np.float32),
        bias=np.where(known, np.float32(0), np.float32(MASKED_LOGIT)),
    )
    return Tuned(encoder=encoder, head=head)


@pytest.fixture(scope="module")
def scale(start: Tuned, clips: Sequence[Clip]) -> Scale:
    with torch.inference_mode():
        features = torch.cat(
            [start.encoder.layers(torch.from_numpy(voice(i, 0)[None]))[-1] for i in range(3)]
        )
    flat = features.flatten(0, 1).numpy()
    return Scale(mean=flat.mean(0), spread=flat.std(0) + np.float32(1e-3))


def right(tuned: Tuned) -> float:
    network = Whole(tuned.encoder, tuned.head)
    answers = []
    for number, label in enumerate(KNOWN):
        for seed in range(6):
            wave = torch.from_numpy(voice(number, 1, seed=50 + seed)[None])
            with torch.inference_mode():
                logits = network(wave)[0][0].mean(0)
            answers.append(LABELS[int(logits.argmax())] == label)
    return float(np.mean(answers))


@pytest.fixture(scope="module")
def tuned(
    start: Tuned, scale: Scale, clips: list[Clip], tmp_path_factory: pytest.TempPathFactory
) -> Tuned:
    cache = tmp_path_factory.mktemp("tuned")
    return tune(start, scale, clips, NOISE, KNOWN, cache, lambda _: None, JOB)


def test_labels_are_learned(tuned: Tuned) -> None:
    assert right(tuned) >= 0.8


def test_labels_that_no_clip_has_get_no_mass(tuned: Tuned) -> None:
    unknown = [label not in KNOWN for label in LABELS]
    assert (tuned.head.bias[unknown] == MASKED_LOGIT).all()
    assert (tuned.head.weight[unknown] == 0).all()
    assert (tuned.head.bias[~np.array(unknown)] > MASKED_LOGIT / 2).all()


def test_the_start_and_the_ear_stay_as_they_were(start: Tuned, tuned: Tuned) -> None:
    for name, before in start.encoder.state_dict().items():
        after = tuned.encoder.state_dict()[name]
        assert torch.equal(before, after) != name.startswith("blocks."), name


def test_a_standardised_head_says_what_the_plain_one_says(start: Tuned, scale: Scale) -> None:
    rng = np.random.default_rng(1)
    head = Head(
        weight=rng.standard_normal((len(LABELS), WIDTH)).astype(np.float32),
        bias=rng.standard_normal(len(LABELS)).astype(np.float32),
    )
    wave = torch.from_numpy(voice(1, 2)[None])
    inner = Whole(start.encoder, head, scale)
    with torch.inference_mode():
        one, other = Whole(start.encoder, head)(wave)[0], inner(wave)[0]
    assert one.numpy() == pytest.approx(other.numpy(), abs=1e-3)
    assert inner.plain_head().weight == pytest.approx(head.weight, abs=1e-5)
    assert inner.plain_head().bias == pytest.approx(head.bias, abs=1e-3)


def test_a_share_of_the_way_is_gone(
    start: Tuned, scale: Scale, clips: list[Clip], tmp_path: Path
) -> None:
    job = Tuning(steps=2, batch=2, rate=1e-2, half=False, share=1.0)
    shares = {
        share: tune(
            start, scale, clips, NOISE, KNOWN, tmp_path, lambda _: None, replace(job, share=share)
        )
        for share in (0.0, 0.25, 1.0)
    }
    for name, first in start.encoder.state_dict().items():
        none, some, all_ = (made.encoder.state_dict()[name] for made in shares.values())
        assert torch.equal(none, first)
        assert torch.allclose(some, 0.75 * first + 0.25 * all_, atol=1e-6)
    assert len(list(tmp_path.iterdir())) == 1, "shares of one way were learned once"


class StoppedError(Exception):
    """The run was stopped."""


def test_an_interrupted_run_ends_with_the_same_weights(
    start: Tuned, scale: Scale, clips: list[Clip], tmp_path: Path
) -> None:
    job = Tuning(steps=KEEP_EVERY + 10, batch=1, rate=1e-3, half=False)
    whole = tune(start, scale, clips, NOISE, KNOWN, tmp_path / "whole", lambda _: None, job)
    said: list[str] = []

    def stop(line: str) -> None:
        raise StoppedError(line)

    with pytest.raises(StoppedError, match=f"step {KEEP_EVERY} "):
        tune(start, scale, clips, NOISE, KNOWN, tmp_path / "part", stop, job)
    again = tune(start, scale, clips, NOISE, KNOWN, tmp_path / "part", said.append, job)
    assert said == []  # the checkpoint stood at the line that is told
    assert again.head.weight == pytest.approx(whole.head.weight, abs=1e-6)
    kept = tune(start, scale, clips, NOISE, KNOWN, tmp_path / "part", said.append, job)
    assert (kept.head.weight == again.head.weight).all()


def test_a_loss_that_is_no_number_stops_the_run(
    start: Tuned, scale: Scale, clips: list[Clip], tmp_path: Path
) -> None:
    broken = Tuned(
        encoder=start.encoder,
        head=Head(weight=start.head.weight * np.nan, bias=start.head.bias),
    )
    with pytest.raises(CorpusError, match="lower the rate"):
        tune(broken, scale, clips, NOISE, KNOWN, tmp_path, lambda _: None, JOB)
