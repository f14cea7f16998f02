import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stream.sound import RATE, pieces

from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.quality import BEST_DB, Line, Quality

SECONDS = 6


def line(snr_db: float, *, band_hz: float = 8000.0) -> tuple[np.ndarray, np.ndarray]:
    """White sound up to a frequency, 30 dB louder for half of each second; samples and speech."""
    rng = np.random.default_rng(3)
    noise, speech = rng.standard_normal((2, SECONDS * RATE))
    spectrum = np.fft.rfft(speech)
    spectrum[np.fft.rfftfreq(len(speech), 1 / RATE) > band_hz] = 0
    speech = np.fft.irfft(spectrum)
    speech *= 0.05 / speech.std()
    spoken = np.arange(len(speech)) % RATE < RATE // 2
    noise *= 0.05 * 10 ** (-snr_db / 20) if np.isfinite(snr_db) else 0
    return np.asarray(speech * spoken + noise, np.float32), spoken[::320]


def pushed(quality: Quality, samples: np.ndarray, speech: np.ndarray, sizes: list[int]) -> None:
    at = 0
    for piece in pieces(samples, [size * 320 for size in sizes]):
        count = len(piece) // 320
        quality.push(
            Heard(
                leg="s/customer",
                start_frame=at,
                samples=piece,
                speech=speech[at : at + count],
                gap=np.zeros(count, np.bool_),
                captured_at=0.0,
            )
        )
        at += count


@pytest.mark.parametrize("snr", [20.0, 10.0, 0.0])
def test_the_ratio_of_speech_to_noise_is_found(snr: float) -> None:
    quality = Quality(3.0)
    pushed(quality, *line(snr), [7])
    assert quality.newest.snr_db == pytest.approx(snr, abs=1.0)
    assert bool(quality.newest.poor) == (snr < 3)
    if snr < 3:
        assert "dB" in quality.newest.poor


def test_a_line_without_any_noise_is_the_best_there_is() -> None:
    quality = Quality(3.0)
    pushed(quality, *line(np.inf), [50])
    assert quality.newest.snr_db == BEST_DB
    assert quality.newest.poor == ""


@pytest.mark.parametrize("band", [3400.0, 7000.0])
def test_the_highest_frequency_of_the_speech_is_found(band: float) -> None:
    quality = Quality(3.0)
    pushed(quality, *line(np.inf, band_hz=band), [50])
    assert quality.newest.bandwidth_hz == pytest.approx(band, abs=200)


def test_before_anything_was_heard_nothing_is_held_against_a_line() -> None:
    assert Quality(3.0).newest == Line()
    assert Quality(3.0).at(0) == Line()


def test_silence_alone_says_nothing() -> None:
    quality = Quality(3.0)
    pushed(quality, np.zeros(RATE * 3, np.float32), np.zeros(150, np.bool_), [50])
    assert quality.newest == Line()


@given(st.lists(st.integers(1, 120), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_the_same_sound_in_any_pieces_is_the_same_line_at_the_same_frame(sizes: list[int]) -> None:
    samples, speech = line(0.0)
    whole, cut = Quality(3.0), Quality(3.0)
    pushed(whole, samples, speech, [300])
    pushed(cut, samples, speech, sizes)
    for frame in range(0, SECONDS * 50, 10):
        assert whole.at(frame) == cut.at(frame)
    assert whole.at(0).poor == ""
    assert whole.at(SECONDS * 50).poor


def test_clipping_level_and_loss_are_measured_on_speech() -> None:
    samples = np.full(RATE * 2, 0.5, np.float32)
    samples[::10] = 1.0 - 1.0 / 32768
    heard = Heard(
        leg="a",
        start_frame=0,
        samples=samples,
        speech=np.ones(100, np.bool_),
        gap=np.arange(100) % 5 == 0,
        captured_at=0.0,
    )
    quality = Quality(3.0)
    quality.push(heard)
    assert quality.newest.clipped == pytest.approx(0.1)
    assert quality.newest.loss == pytest.approx(0.2)
    assert quality.newest.level_dbfs == pytest.approx(-4.8, abs=0.2)
    assert quality.newest.poor.startswith("loss")


def test_a_pause_is_not_a_loss() -> None:
    quality = Quality(3.0)
    pushed(quality, *line(np.inf), [50])
    before = quality.newest
    quality.push(
        Heard(
            leg="a",
            start_frame=SECONDS * 50,
            samples=np.zeros(RATE * 2, np.float32),
            speech=np.zeros(100, np.bool_),
            gap=np.ones(100, np.bool_),
            captured_at=0.0,
        )
    )
    assert quality.newest.loss == before.loss == 0.0
