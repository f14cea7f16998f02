from typing import Any

import numpy as np
import pytest

from tonewatch.models.training.augment import (
    add_noise,
    babble,
    encoded,
    fit,
    gain,
    lose_packets,
    mask_spectrum,
    mu_law,
    reverberate,
    room,
    speed,
    stretch,
    telephone,
)

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


def tone(hertz: float, seconds: float = 1.0) -> Any:
    return np.sin(2 * np.pi * hertz * np.arange(int(16_000 * seconds)) / 16_000).astype(np.float32)


def pitch(wave: Any) -> float:
    middle = wave[2000:-2000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 17))
    return float(spectrum.argmax() * 16_000 / (1 << 17))


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_speed_moves_the_pitch_and_stretch_does_not(factor: float) -> None:
    wave = tone(200)
    fast, same = speed(wave, factor), stretch(wave, factor)
    assert len(fast) == pytest.approx(len(wave) / factor, abs=2)
    assert len(same) == pytest.approx(len(wave) / factor, abs=2)
    assert pitch(fast) == pytest.approx(200 * factor, rel=0.01)
    assert pitch(same) == pytest.approx(200, rel=0.01)
    assert np.sqrt((same[500:-500] ** 2).mean()) == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_gain_rounds_to_sixteen_bits_and_clips() -> None:
    assert gain(np.array([0.5, 1e-4], np.float32), -30) * 32768 == pytest.approx([518, 0])
    assert gain(np.array([0.9], np.float32), 6)[0] == 32767 / 32768


def test_packets_are_lost_in_the_share_that_was_asked_for() -> None:
    wave = np.ones(16_000 * 60, np.float32)
    heard = lose_packets(wave, 0.1, np.random.default_rng(0)).reshape(-1, 320)
    assert set(heard.mean(axis=1)) == {0.0, 1.0}
    assert (heard[:, 0] == 0).mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("codec", ["gsm", "opus", "vorbis"])
def test_a_codec_keeps_place_and_pitch(codec: str) -> None:
    wave = 0.3 * tone(440)
    heard = encoded(wave, codec)
    assert len(heard) == len(wave)
    assert pitch(heard) == pytest.approx(440, rel=0.01)


def test_masking_takes_away_and_leaves_the_rest_alone() -> None:
    wave = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    heard = mask_spectrum(wave, np.random.default_rng(1))
    assert 0.3 < float((heard**2).sum() / (wave**2).sum()) < 0.99
    assert mask_spectrum(wave, np.random.default_rng(1)) == pytest.approx(heard)


def test_a_room_is_its_direct_sound_and_a_tail_of_as_much_energy() -> None:
    response = room(0.5, np.random.default_rng(0))
    assert response[0] == 1
    assert (response[1:] ** 2).sum() == pytest.approx(1, rel=1e-3)
    assert (response[-800:] ** 2).sum() < 1e-5


def test_babble_mixes_voices_at_one_level() -> None:
    mixed = babble([tone(200), 0.01 * tone(300, 0.5)], np.random.default_rng(0), 2)
    assert len(mixed) in (8000, 16_000)
    assert 0.9 < np.sqrt((mixed**2).mean()) < 2.1
