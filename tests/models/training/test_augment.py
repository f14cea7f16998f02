import numpy as np
import pytest

from tonewatch.models.training.augment import add_noise, fit, mu_law, reverberate, telephone

RNG = np.random.default_rng


def power(wave: np.ndarray, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(wave)) ** 2
    at = np.fft.rfftfreq(len(wave), 1 / 16_000)
    return float(spectrum[(at >= low) & (at < high)].sum())


def test_a_telephone_keeps_length_and_loses_the_upper_band() -> None:
    wave = (0.1 * RNG(0).standard_normal(16_001)).astype(np.float32)
    heard = telephone(wave)
    assert heard.dtype == np.float32
    assert len(heard) == len(wave)
    assert power(heard, 4_500, 8_000) < 1e-3 * power(wave, 4_500, 8_000)
    assert power(heard, 300, 3_000) == pytest.approx(power(wave, 300, 3_000), rel=0.1)


def test_companding_keeps_eight_bits() -> None:
    wave = np.linspace(-1, 1, 10_001, dtype=np.float32)
    coded = mu_law(wave)
    assert len(np.unique(coded)) <= 255
    assert np.abs(coded - wave).max() < 0.03
    assert (np.abs(coded - wave)[np.abs(wave) < 0.01] < 5e-4).all()


@pytest.mark.parametrize("snr", [0.0, 10.0, 30.0])
def test_noise_comes_at_its_ratio(snr: float) -> None:
    wave = (0.1 * RNG(0).standard_normal(16_000)).astype(np.float32)
    noise = RNG(1).standard_normal(5_000).astype(np.float32)
    added = add_noise(wave, noise, snr, RNG(2)) - wave
    found = 10 * np.log10((wave**2).mean() / (added**2).mean())
    assert found == pytest.approx(snr, abs=0.1)


def test_the_same_generator_gives_the_same_noise() -> None:
    wave, noise = np.ones(100, np.float32), RNG(1).standard_normal(500).astype(np.float32)
    assert (add_noise(wave, noise, 5, RNG(3)) == add_noise(wave, noise, 5, RNG(3))).all()


def test_silence_stays_finite() -> None:
    silent = np.zeros(1_000, np.float32)
    assert (add_noise(silent, silent, 5, RNG(0)) == 0).all()
    assert np.isfinite(telephone(silent)).all()


def test_a_room_without_echo_changes_nothing() -> None:
    wave = RNG(0).standard_normal(1_000).astype(np.float32)
    response = np.zeros(64, np.float32)
    response[7] = 0.9
    assert np.allclose(reverberate(wave, response), wave, atol=1e-5)


def test_fit_cuts_or_repeats() -> None:
    wave = np.arange(3, dtype=np.float32)
    assert fit(wave, 5).tolist() == [0, 1, 2, 0, 1]
    assert fit(wave, 2).tolist() == [0, 1]
