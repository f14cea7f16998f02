import numpy as np
import pytest
import torch

from tonewatch.models.training.classic import COEFFICIENTS, VALUES, Classic, Values, cosines

from .small import voice

pytestmark = pytest.mark.torch


def test_the_cosines_are_orthonormal() -> None:
    table = cosines().numpy()
    assert table @ table.T == pytest.approx(np.eye(COEFFICIENTS), abs=1e-5)


def test_twenty_seven_values_a_frame_that_do_not_know_the_level() -> None:
    wave = torch.from_numpy(np.stack([voice(0, 0), 0.1 * voice(0, 0), voice(2, 0)]))
    values = Values()(wave)
    assert values.shape == (3, 50, VALUES)
    assert torch.allclose(values[0], values[1], atol=1e-2)
    centroid = values[:, :, COEFFICIENTS].mean(1)
    assert centroid[2] > centroid[0], "a higher voice has a higher centroid"


def test_the_mean_of_frames_is_what_attention_pools() -> None:
    torch.manual_seed(0)
    network = Classic(hidden=8)
    wave = torch.from_numpy(voice(1, 0)[None])
    network.measure(wave)
    logits, features = network(wave)
    shares = network.attention(features).softmax(1)
    pooled = network.head.weight @ (features * shares).sum(1)[0] + network.head.bias
    assert torch.allclose(logits[0].mean(0), pooled, atol=1e-5)


def test_measured_values_have_mean_zero_and_deviation_one() -> None:
    network = Classic(hidden=8)
    waves = torch.from_numpy(np.stack([voice(i, i) for i in range(4)]))
    network.measure(waves)
    values = (network.values(waves) - network.centre) / network.spread
    assert values.mean((0, 1)).abs().max() < 1e-2
    assert (values.std((0, 1)) - 1).abs().max() < 0.3
