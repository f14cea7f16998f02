import pytest
import torch

from tonewatch.models.training.level import LOWEST, Level

pytestmark = pytest.mark.torch


def level() -> Level:
    return Level(mean_s=0.4, fall_db=2.0)


def test_a_level_is_held_at_its_peak_and_falls_slowly() -> None:
    power = torch.cat([torch.full((1, 200), 1e-2), torch.full((1, 400), 1e-6)], 1)
    above, state = level()(power, torch.zeros(1, 3))
    reference = above + LOWEST
    assert reference[0, 199] == pytest.approx(-2, abs=0.01)
    # 4 s later: 8 dB lower, though the sound fell by 40 dB.
    assert reference[0, -1] == pytest.approx(-2 - 0.8, abs=0.02)
    again, _ = level()(torch.full((1, 1), 1e-6), state)
    assert again[0, 0] == pytest.approx(float(above[0, -1]) - 0.002, abs=1e-3)


@pytest.mark.parametrize("cuts", [[16] * 4, [32, 32], [48, 16], [64]])
def test_blocks_are_told_alike_however_many_share_a_call(cuts: list[int]) -> None:
    power = torch.rand(2, 70, generator=torch.Generator().manual_seed(1)) * 1e-2
    whole, end = level()(power, torch.zeros(2, 3))
    found, state = level()(power[:, :6], torch.zeros(2, 3))
    at, parts = 6, [found]
    for size in cuts:
        found, state = level()(power[:, at : at + size], state)
        parts.append(found)
        at += size
    assert torch.equal(torch.cat(parts, 1), whole)
    assert torch.equal(state, end)
