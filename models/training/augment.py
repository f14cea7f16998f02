"""Degraded copies of clean speech: what a call does to a voice. Pure functions of arrays [N]."""

import io
from collections.abc import Sequence

import numpy as np
import soundfile
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


def speed(wave: Float32, factor: float) -> Float32:
    """Played `factor` times as fast: tempo and pitch change together. Length N / factor."""
    rate = round(SAMPLE_RATE * factor)
    return np.asarray(soxr.resample(wave, rate, SAMPLE_RATE), np.float32)


def stretch(wave: Float32, factor: float) -> Float32:
    """Spoken `factor` times as fast at the same pitch: waveform-similarity overlap-add (Verhelst
    and Roelands, ICASSP 1993), frames of 32 ms found within 8 ms. Length N / factor."""
    size, step, slack = 512, 256, 128
    length = int(len(wave) / factor)
    padded = np.pad(wave, (slack, 2 * size + slack)).astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    made, place = np.zeros(length + 2 * size), slack
    for start in range(0, length + size, step):
        if start:
            wanted = padded[place + step : place + step + size]
            first = min(int(start * factor), len(wave))
            near = padded[first : first + size + 2 * slack]
            if len(wanted) < size or len(near) < size:
                break
            place = first + int(np.correlate(near, wanted, "valid").argmax())
        made[start : start + size] += window * padded[place : place + size]
    # The first half frame has no neighbour before it: it is as it was.
    made[:step] = padded[slack : slack + step]
    return np.asarray(made[:length], np.float32)


def gain(wave: Float32, gain_db: float) -> Float32:
    """Louder or quieter, clipped at full scale and rounded to 16 bits."""
    louder = np.round(wave * 10 ** (gain_db / 20) * 32768)
    return np.asarray(np.clip(louder, -32768, 32767) / 32768, np.float32)


def lose_packets(wave: Float32, share: float, rng: np.random.Generator) -> Float32:
    """Packets of 20 ms become silence: bursts of two on average (Gilbert's model of a line)."""
    heard, lost = np.array(wave, np.float32), False
    for start in range(0, len(wave), SAMPLE_RATE // 50):
        lost = bool(rng.random() < (0.5 if lost else 0.5 * share / max(1 - share, 1e-6)))
        if lost:
            heard[start : start + SAMPLE_RATE // 50] = 0
    return heard


def encoded(wave: Float32, codec: str) -> Float32:
    """Through a codec and back: `gsm` (GSM 06.10, 8 kHz), `opus` or `vorbis`."""
    form, subtype, rate = {
        "gsm": ("WAV", "GSM610", 8000),
        "opus": ("OGG", "OPUS", SAMPLE_RATE),
        "vorbis": ("OGG", "VORBIS", SAMPLE_RATE),
    }[codec]
    narrow = wave if rate == SAMPLE_RATE else soxr.resample(wave, SAMPLE_RATE, rate)
    file = io.BytesIO()
    soundfile.write(file, np.clip(narrow, -1, 1), rate, format=form, subtype=subtype)
    file.seek(0)
    heard, _ = soundfile.read(file, dtype="float32")
    if rate != SAMPLE_RATE:
        heard = soxr.resample(heard, rate, SAMPLE_RATE)
    padded = np.pad(heard, (0, max(0, len(wave) - len(heard))))
    return np.asarray(padded[: len(wave)], np.float32)


def mask_spectrum(wave: Float32, rng: np.random.Generator) -> Float32:
    """SpecAugment (arXiv 1904.08779) on the sound itself, so that any network can learn from it:
    two bands of up to 800 Hz and two stretches of up to 0.2 s are taken away."""
    size, step = 512, 256
    padded = np.pad(wave, (step, size + step))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::step]
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size))
    spectrum = np.fft.rfft(frames * window)
    for _ in range(2):
        low, width = int(rng.integers(spectrum.shape[1])), int(rng.integers(1, 26))
        spectrum[:, low : low + width] = 0
        first, count = int(rng.integers(len(spectrum))), int(rng.integers(1, 13))
        spectrum[first : first + count] = 0
    made = np.zeros(len(padded))
    for number, frame in enumerate(np.fft.irfft(spectrum, size) * window):
        made[number * step : number * step + size] += frame
    return np.asarray(made[step : step + len(wave)], np.float32)


def babble(voices: Sequence[Float32], rng: np.random.Generator, count: int = 5) -> Float32:
    """Several voices at once [S], each at the same level."""
    chosen = [voices[int(i)] for i in rng.choice(len(voices), size=min(count, len(voices)))]
    length = max(len(voice) for voice in chosen)
    mixed = np.zeros(length, np.float32)
    for voice in chosen:
        mixed += np.resize(voice / (np.sqrt((voice**2).mean()) + 1e-9), length)
    return mixed


def room(seconds: float, rng: np.random.Generator) -> Float32:
    """An impulse response made of noise that falls by 60 dB in `seconds` (Moorer 1979): the direct
    sound, then a tail of as much energy."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / seconds)
    tail[: SAMPLE_RATE // 200] = 0
    response = tail / max(float(np.sqrt((tail**2).sum())), 1e-9)
    response[0] = 1.0
    return np.asarray(response, np.float32)
