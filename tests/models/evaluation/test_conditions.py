import numpy as np
import pytest

from tonewatch.models.evaluation.conditions import CLEAN, grid
from tonewatch.models.training.augment import babble

RNG = np.random.default_rng
WAVE = (0.1 * RNG(0).standard_normal(64_000)).astype(np.float32)
VOICES = [RNG(i).standard_normal(8_000 + i).astype(np.float32) * 10.0**-i for i in range(1, 5)]
GRID = {condition.name: condition for condition in grid([], VOICES)}


def test_the_grid_starts_clean() -> None:
    assert next(iter(GRID.values())) is CLEAN
    assert CLEAN.change(WAVE, RNG(0)) is WAVE


@pytest.mark.parametrize("name", GRID)
def test_a_change_is_repeatable_and_leaves_the_clip_alone(name: str) -> None:
    before = WAVE.copy()
    one, other = (GRID[name].change(WAVE, RNG(1)) for _ in range(2))
    assert (before == WAVE).all()
    assert (one == other).all()
    assert one.dtype == np.float32
    assert np.isfinite(one).all()


@pytest.mark.parametrize(
    ("name", "snr"), [("noise 20 dB", 20), ("noise 0 dB", 0), ("babble 10 dB", 10)]
)
def test_noise_has_the_level_that_its_name_says(name: str, snr: float) -> None:
    added = GRID[name].change(WAVE, RNG(1)) - WAVE
    assert 10 * np.log10((WAVE**2).mean() / (added**2).mean()) == pytest.approx(snr, abs=0.1)


def test_gains_and_lengths_are_those_of_their_names() -> None:
    assert GRID["gain -20 dB"].change(WAVE, RNG(0)) == pytest.approx(0.1 * WAVE)
    assert len(GRID["middle 1 s"].change(WAVE, RNG(0))) == 16_000
    assert GRID["middle 1 s"].change(WAVE, RNG(0))[0] == WAVE[24_000]
    assert len(GRID["middle 5 s"].change(WAVE, RNG(0))) == len(WAVE)


def test_all_voices_of_a_babble_are_heard_alike() -> None:
    mixed = babble(VOICES, RNG(0), count=4)
    shares = [abs(float(np.corrcoef(mixed[:8_000], voice[:8_000])[0, 1])) for voice in VOICES]
    heard = [share for share in shares if share > 0.1]
    assert len(heard) >= 2
