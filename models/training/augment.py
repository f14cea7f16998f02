"""Degraded copies of clean speech: what a call does to a voice. Pure functions of arrays [N]."""

import numpy as np
import soxr

from ..grid import SAMPLE_RATE
from ..window import Float32


def telephone(wave: Float32, *, companded: bool = True) -> Float32:
    """Through 8 kHz sampling and 8-bit mu-law (ITU-T G.711, mu = 255) and back."""
    narrow = soxr.resample(wave, SAMPLE_RATE, 8000)
    if companded:
        narrow = mu_law(np.clip(narrow, -1, 1))
    wide = soxr.resample(narrow, 8000, SAMPLE_RATE)
    return fit(np.asarray(wide, np.float32), len(wave))


def mu_law(wave: Float32) -> Float32:
    """Compress to 8 bits and expand again: y = sign(x) ln(1 + 255 |x|) / ln 256."""
    code = np.sign(wave) * np.log1p(255 * np.abs(wave)) / np.log(256)
    code = np.round(code * 127) / 127
    return np.asarray(np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255, np.float32)


def fit(wave: Float32, length: int) -> Float32:
    """Cut, or repeat from the start, to a length."""
    return np.resize(wave, length) if len(wave) < length else wave[:length]


def add_noise(wave: Float32, noise: Float32, snr_db: float, rng: np.random.Generator) -> Float32:
    """Mix noise (repeated, from a random place) at a signal-to-noise ratio over the whole clip."""
    noise = np.roll(noise, int(rng.integers(len(noise))))
    noise = fit(noise, len(wave))
    scale = np.sqrt((wave**2).mean() / max(float((noise**2).mean()), 1e-12)) * 10 ** (-snr_db / 20)
    return np.asarray(wave + scale * noise, np.float32)


def reverberate(wave: Float32, response: Float32) -> Float32:
    """Convolve with a room's impulse response; the direct sound keeps its place and level."""
    size = 1 << (len(wave) + len(response) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(response, size), size)
    delay = int(np.abs(response).argmax())
    return np.asarray(wet[delay : delay + len(wave)] / np.abs(response).max(), np.float32)
