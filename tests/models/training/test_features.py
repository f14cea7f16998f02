from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.training.corpus import read_manifest
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.features import (
    COPIES,
    degraded,
    extract,
    pool,
    speech_frames,
    windows,
)

from .small import HEADS, LAYERS, WIDTH, variables, voice, write_corpus

pytestmark = pytest.mark.torch
ENCODER = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
NOISE = [np.random.default_rng(0).standard_normal(8_000).astype(np.float32)]


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [(8_000, [16_000]), (20_100, [19_840]), (48_000, [48_000]), (60_000, [48_000, 48_000])],
)
def test_windows_of_a_clip(samples: int, lengths: list[int]) -> None:
    wave = np.arange(samples, dtype=np.float32)
    found = windows(wave)
    assert [len(window) for window in found] == lengths
    if samples > 48_000:
        assert (found[0][0], found[1][-1]) == (0, samples - 1)


def test_pauses_do_not_count_as_speech() -> None:
    wave = np.concatenate([np.zeros(3_200, np.float32), voice(1, 0, seconds=0.2)])
    assert speech_frames(wave).tolist() == [False] * 10 + [True] * 10


def test_a_degraded_copy_can_be_made_again() -> None:
    wave = voice(0, 0)
    assert (degraded(wave, "clean", NOISE, np.random.default_rng(1)) == wave).all()
    for copy in COPIES[1:]:
        one, other = (degraded(wave, copy, NOISE, np.random.default_rng(1)) for _ in range(2))
        assert (one == other).all()
        assert not np.allclose(one, wave, atol=1e-3)


def test_features_are_resumed_from_the_cache(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus", speakers=1))
    said: list[str] = []
    first = extract(clips, ENCODER, NOISE, tmp_path / "cache", said.append)
    assert first.pooled.shape == (len(clips) * len(COPIES), LAYERS, WIDTH)
    assert said == [f"features of {len(clips)} of {len(clips)} clips"]
    again = extract(clips, ENCODER, NOISE, tmp_path / "cache", said.append)
    assert len(said) == 1
    assert (again.pooled == first.pooled).all()
    extract(clips[1:], ENCODER, NOISE, tmp_path / "cache", said.append)
    assert len(said) == 2, "other clips must not be given the features of these"
    row = int(np.flatnonzero((first.clip == 3) & (first.copy == 0))[0])
    wanted = pool(ENCODER, windows(voice(1, 0, seed=1))[0])
    assert first.pooled[row] == pytest.approx(wanted, abs=0.02)


def test_features_in_bfloat16_are_near_and_kept_apart(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus", speakers=1))
    exact = extract(clips, ENCODER, NOISE, tmp_path, lambda _: None)
    half = extract(clips, ENCODER, NOISE, tmp_path, lambda _: None, half=True)
    apart = np.abs(half.pooled.astype(np.float32) - exact.pooled.astype(np.float32))
    assert 0 < apart.max() < 0.1
