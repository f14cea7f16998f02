import numpy as np
import pytest

from tonewatch.models.training.variants import (
    MOVES_TIME,
    VARIANTS,
    Sounds,
    VariantError,
    check_names,
    vary,
)

from .small import voice

SOUNDS = Sounds(noise=[voice(3, 0)], voices=[voice(1, 1), voice(2, 2)])


@pytest.mark.parametrize("name", VARIANTS)
def test_each_changes_a_clip_and_does_so_again_for_the_same_seed(name: str) -> None:
    wave = voice(0, 0, seconds=1.5)
    first, again = (vary(wave, name, SOUNDS, np.random.default_rng(5)) for _ in range(2))
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    if name not in MOVES_TIME:
        assert len(first) == len(wave)
    drawn = [vary(wave, name, SOUNDS, np.random.default_rng(seed)) for seed in range(4)]
    assert any(not np.array_equal(one, wave) for one in drawn)


def test_a_wrong_name_is_told_with_the_right_ones() -> None:
    with pytest.raises(VariantError, match="'echo' is no augmentation: there are speed, stretch"):
        check_names(["speed", "echo"])


def test_babble_needs_voices() -> None:
    with pytest.raises(VariantError, match="babble needs other voices"):
        vary(voice(0, 0), "babble", Sounds(noise=[]), np.random.default_rng(0))
