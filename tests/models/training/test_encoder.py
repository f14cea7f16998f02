import numpy as np
import pytest
import torch

from tonewatch.models.training.encoder import (
    Encoder,
    EncoderConfig,
    LogMel,
    fourier_kernel,
    load_encoder,
    mel_filters,
)

from .small import HEADS, LAYERS, POSITIONS, WIDTH, variables, voice

pytestmark = pytest.mark.torch
CONFIG = EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS, positions=POSITIONS)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(variables(), CONFIG)


def test_mel_filters_are_triangles_of_equal_area() -> None:
    filters = mel_filters()
    assert filters.shape == (80, 201)
    assert (filters >= 0).all()
    # Above the knee a filter is many bins wide, and its sum times the bin width is its area.
    assert filters[50:].sum(axis=1) * 40 == pytest.approx(np.ones(30), abs=0.05)
    peaks = filters.argmax(axis=1)
    assert (np.diff(peaks) >= 0).all()


def test_the_kernel_is_a_windowed_fourier_transform() -> None:
    x = np.random.default_rng(0).standard_normal(400)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    wanted = np.fft.rfft(x * hann)
    found = fourier_kernel()[:, 0] @ x
    assert found[:201] == pytest.approx(wanted.real, abs=1e-4)
    assert found[201:] == pytest.approx(wanted.imag, abs=1e-4)


def test_a_tone_lands_in_its_mel_band() -> None:
    t = torch.arange(16_000) / 16_000
    mel = LogMel()(0.1 * torch.sin(2 * torch.pi * 1000 * t)[None])
    assert mel.shape == (1, 80, 100)
    centre = (mel_filters() * np.arange(201)).sum(1) / mel_filters().sum(1) * 40
    loudest = int(mel.mean(dim=2).argmax())
    assert centre[loudest] == pytest.approx(1000, abs=60)


@pytest.mark.parametrize("samples", [16_000, 24_000, 32_000, 48_000])
def test_fifty_frames_a_second(encoder: Encoder, samples: int) -> None:
    with torch.inference_mode():
        layers = encoder.layers(torch.zeros(2, samples))
    assert [layer.shape for layer in layers] == [(2, samples // 320, WIDTH)] * LAYERS


@pytest.mark.parametrize("gain", [0.03, 0.3, 3.0])
def test_a_quieter_line_reads_the_same(encoder: Encoder, gain: float) -> None:
    wave = torch.from_numpy(voice(1, 0))[None]
    with torch.inference_mode():
        assert torch.allclose(encoder(wave), encoder(gain * wave), atol=1e-3)


def test_silence_is_finite_and_is_not_brought_up(encoder: Encoder) -> None:
    with torch.inference_mode():
        assert torch.isfinite(encoder(torch.zeros(1, 16_000))).all()
        hiss = 1e-6 * torch.randn(1, 16_000)
        assert LogMel()(hiss).max() < LogMel()(1e4 * hiss).max()


def test_layers_are_those_of_the_file(encoder: Encoder) -> None:
    other = load_encoder(variables(seed=1), CONFIG)
    wave = torch.from_numpy(voice(1, 0))[None]
    with torch.inference_mode():
        assert not torch.allclose(encoder(wave), other(wave))
        one = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=1))
        assert torch.allclose(one(wave), encoder.layers(wave)[0])
