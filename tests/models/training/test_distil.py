from pathlib import Path

import numpy as np
import pytest
import torch

from tonewatch.models.training.corpus import read_manifest
from tonewatch.models.training.distil import Distillation, distil
from tonewatch.models.training.encoder import Encoder, EncoderConfig, load_encoder
from tonewatch.models.training.streaming import StreamingConfig, StreamingEncoder, from_encoder

from .small import HEADS, LAYERS, WIDTH, variables, voice, write_corpus

pytestmark = pytest.mark.torch
JOB = Distillation(steps=120, batch=4, rate=3e-3, half=False)


@pytest.fixture(scope="module")
def teacher() -> Encoder:
    config = EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS)
    return load_encoder(variables(), config)


def apart(student: StreamingEncoder, teacher: Encoder) -> float:
    wave = torch.from_numpy(voice(2, 5, seconds=2.0)[None])
    with torch.inference_mode():
        error = student.layers(wave)[-1] - teacher.layers(wave)[-1]
    return float((error**2).mean())


@pytest.fixture(scope="module")
def learned(teacher: Encoder, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    base = tmp_path_factory.mktemp("distil")
    clips = read_manifest(write_corpus(base / "corpus"))
    noise = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
    student = distil(teacher, clips, noise, base / "cache", lambda _: None, JOB)
    return base, apart(student, teacher)


def test_the_streaming_encoder_comes_nearer_to_the_windowed_one(
    teacher: Encoder, learned: tuple[Path, float]
) -> None:
    before = from_encoder(teacher, StreamingConfig(width=WIDTH, heads=HEADS)).eval()
    assert learned[1] < 0.85 * apart(before, teacher)


def test_what_was_learned_is_kept(teacher: Encoder, learned: tuple[Path, float]) -> None:
    base, error = learned
    clips = read_manifest(base / "corpus" / "clips.csv")
    again = distil(teacher, clips, [], base / "cache", lambda _: None, JOB)
    assert apart(again, teacher) == pytest.approx(error, rel=1e-5)


def test_an_interrupted_run_goes_on_where_it_was(
    teacher: Encoder, learned: tuple[Path, float]
) -> None:
    base, _ = learned
    (base / "cache" / "streaming.pt").unlink()
    clips = read_manifest(base / "corpus" / "clips.csv")
    noise = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
    said: list[str] = []
    job = Distillation(steps=200, batch=4, rate=3e-3, half=False)
    distil(teacher, clips, noise, base / "cache", said.append, job)
    # A checkpoint stood at step 100: the line of that step is not said again.
    assert [line.split(",")[0] for line in said] == ["distillation: step 200 of 200"]
