import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.listener.resample import Resampler

from ..sound import pieces

STEP = 0.02


def resampled(sound: Float32, rate: int, sizes: list[int]) -> Float32:
    resampler = Resampler(rate)
    parts = [resampler.push(piece) for piece in pieces(sound, sizes)]
    return np.concatenate([*parts, resampler.finish()])


def tone(hz: float, rate: int, seconds: float = 1.0) -> Float32:
    t = np.arange(int(seconds * rate)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * t), np.float32)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 384_000])
def test_a_tone_comes_out_at_its_place_and_level(rate: int) -> None:
    sound = resampled(tone(1000, rate), rate, [rate // 50])
    assert len(sound) == 16000
    middle = slice(2000, 14000)
    np.testing.assert_allclose(sound[middle], tone(1000, 16000)[middle], atol=0.005)


def test_what_lies_above_the_new_band_does_not_fold_back_into_it() -> None:
    sound = resampled(tone(11_000, 48000), 48000, [960])
    assert np.abs(sound[2000:14000]).max() < 1e-3


def test_telephone_sound_gets_no_images_above_its_band() -> None:
    sound = resampled(tone(3000, 8000), 8000, [160])[2000:14000]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert spectrum[len(spectrum) * 9 // 16 :].max() < 1e-3 * spectrum.max()


def test_16_khz_passes_as_it_is() -> None:
    sound = tone(440, 16000)
    np.testing.assert_array_equal(resampled(sound, 16000, [333]), sound)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([8000, 11025, 44100, 48000]),
    st.integers(0, 6000),
    st.lists(st.integers(1, 3000), min_size=1, max_size=4),
)
def test_any_chunking_gives_the_same_and_exactly_what_is_due(
    rate: int, length: int, sizes: list[int]
) -> None:
    sound = np.random.default_rng(length).uniform(-1, 1, length).astype(np.float32)
    whole = resampled(sound, rate, [max(1, length)])
    np.testing.assert_array_equal(resampled(sound, rate, sizes), whole)
    assert len(whole) == length * 16000 // rate


@pytest.mark.parametrize(
    ("rate", "mean_ms", "most_ms"), [(48000, 25, 40), (44100, 27, 45), (8000, 36, 65)]
)
def test_the_lag_is_what_is_written_down(rate: int, mean_ms: float, most_ms: float) -> None:
    resampler, block = Resampler(rate), np.zeros(int(rate * STEP), np.float32)
    lags = []
    for _ in range(200):
        resampler.push(block)
        lags.append(1000 * (resampler.taken / rate - resampler.given / 16000))
    assert np.mean(lags) < mean_ms
    assert max(lags) < most_ms
