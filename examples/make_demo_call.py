"""Makes demo_call.flac: a call of two synthetic voices, the customer left and the agent right.

    python examples/make_demo_call.py [OUTPUT]

Needs espeak-ng (Debian: apt-get install espeak-ng). The same espeak-ng gives the same file. The
voices act: rate, pitch and range are espeak-ng's own, and a few effects are laid over them. Nobody
was recorded; the words, the company and the people are invented.
"""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

RATE = 16_000
CUSTOMER, AGENT = 0, 1
VOICES = ("en-us+f1", "en-gb+m3")
STEP = 32
"""Samples are multiples of this (11 bits): the file is half as large, and nobody hears it."""

Samples = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How a line is spoken."""

    rate: int = 165
    """Words per minute."""
    pitch: int = 50
    """espeak-ng's scale, 0 to 99."""
    range: int = 50
    """How far the melody moves, percent of espeak-ng's usual 50."""
    level: float = 0.5
    """Peak, 0 to 1."""
    strain: float = 0.0
    """Soft clipping, as of a voice that is pressed: 0 none, 3 much."""
    tremor: float = 0.0
    """Wavering of pitch and loudness at TREMOR_HZ: 0 none, 1 much."""
    breath: float = 0.0
    """Noise that follows the voice's loudness, 0 to 1."""
    throat: float = 1.0
    """How much larger the throat is: all frequencies lower, all slower."""
    creak: float = 0.0
    """How deep the voice breaks into single pulses at CREAK_HZ, 0 to 1."""
    dull: float = 0.0
    """How much of the high frequencies is taken away, 0 to 0.9."""


TREMOR_HZ = 8.5
CREAK_HZ = 38.0

CALM = Acting(rate=172, pitch=22, range=40)
HELPFUL = Acting(rate=160, pitch=40, range=45, level=0.45)
PUZZLED = Acting(rate=205, pitch=62, range=90, tremor=0.3, breath=0.2, dull=0.6)
ANNOYED = Acting(rate=200, pitch=40, range=60, level=0.6, strain=2.0)
ANGRY = Acting(rate=200, pitch=32, range=90, level=0.7, strain=5.0)
FURIOUS = Acting(
    rate=200, pitch=29, range=70, level=0.9, strain=2.0, tremor=0.6, breath=0.2, creak=0.3
)
FRIGHTENED = Acting(
    rate=225,
    pitch=98,
    range=30,
    level=0.7,
    strain=2.0,
    tremor=0.6,
    breath=0.2,
    throat=0.92,
    creak=0.3,
    dull=0.6,
)
# In this voice the models that come along cannot tell fear from disgust.
PLEADING = Acting(rate=190, pitch=83, range=18, strain=1.0, breath=0.4, throat=0.96, creak=0.6)
REPELLED = Acting(
    rate=100, pitch=5, range=75, level=0.9, strain=2.0, breath=0.4, creak=0.6, dull=0.3
)
HORRIFIED = Acting(rate=215, pitch=84, range=30, strain=2.0, tremor=0.8, breath=0.3, creak=0.3)
RELIEVED = Acting(
    rate=155, pitch=59, range=80, level=0.9, strain=5.0, breath=0.4, throat=0.92, dull=0.6
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One turn: who says what, how, and after what pause."""

    leg: int
    text: str
    acting: Acting
    pause_s: float = 0.45


CALL = (
    Line(leg=AGENT, text="Good morning, Northline Energy, how can I help you?", acting=HELPFUL),
    Line(
        leg=CUSTOMER,
        text="Good morning. I am calling about my last bill. "
        "I believe there is a small mistake in it.",
        acting=CALM,
    ),
    Line(
        leg=AGENT,
        text="Let me have a look. The amount for March is nine hundred and forty.",
        acting=HELPFUL,
    ),
    Line(
        leg=CUSTOMER,
        text="Nine hundred and forty? That is impossible. We are two people.",
        acting=PUZZLED,
    ),
    Line(leg=AGENT, text="That is what the meter says.", acting=HELPFUL, pause_s=0.3),
    Line(
        leg=CUSTOMER,
        text="I have called you three times about that meter. Three times!",
        acting=ANNOYED,
        pause_s=0.2,
    ),
    Line(
        leg=CUSTOMER,
        text="Every time somebody promises to call me back, and nobody ever does!",
        acting=ANGRY,
        pause_s=0.2,
    ),
    Line(
        leg=CUSTOMER,
        text="This is outrageous! I want this corrected, and I want it corrected now!",
        acting=FURIOUS,
        pause_s=0.15,
    ),
    Line(
        leg=AGENT,
        text="I am sorry. I also see a note here that your supply ends tomorrow at noon.",
        acting=HELPFUL,
    ),
    Line(
        leg=CUSTOMER,
        text="Tomorrow? No, no, please, you cannot do that!",
        acting=FRIGHTENED,
        pause_s=0.25,
    ),
    Line(
        leg=CUSTOMER,
        text="My mother is at home, she breathes with a machine, "
        "what happens to her when it stops? Please, please, what shall I do?",
        acting=PLEADING,
        pause_s=0.15,
    ),
    Line(leg=AGENT, text="Stay on the line, please, I am stopping it now.", acting=HELPFUL),
    Line(
        leg=CUSTOMER,
        text="And your man left the old meter in my kitchen. It drips. It stinks. Ugh. Revolting.",
        acting=REPELLED,
        pause_s=0.6,
    ),
    Line(
        leg=CUSTOMER,
        text="And something moves in it! Something is alive in there, I cannot go in!",
        acting=HORRIFIED,
        pause_s=0.1,
    ),
    Line(
        leg=AGENT,
        text="That should not have happened. Your supply stays on, the bill is corrected, "
        "and the meter is collected today.",
        acting=HELPFUL,
    ),
    Line(
        leg=CUSTOMER,
        text="Really? Oh, thank you! Thank you so much, that is wonderful!",
        acting=RELIEVED,
    ),
    Line(leg=AGENT, text="You are welcome. Goodbye.", acting=HELPFUL),
)


def speak(text: str, voice: str, acting: Acting) -> Samples:
    """espeak-ng's voice at RATE, full scale 1."""
    ssml = f'<speak><prosody range="{2 * acting.range}%">{text}</prosody></speak>'
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "line.wav")
        subprocess.run(
            ["espeak-ng", "-m", "-v", voice, "-s", str(acting.rate), "-p", str(acting.pitch),
             "-w", str(wav), ssml],
            check=True,
        )  # fmt: skip
        samples, rate = soundfile.read(wav, dtype="float64")
    heard = np.flatnonzero(np.abs(samples) > 1e-3)
    voice_only = samples[heard[0] : heard[-1] + 1]
    return np.asarray(soxr.resample(voice_only, rate, RATE, "VHQ"), np.float64)


def act(voice: Samples, acting: Acting, noise: np.random.Generator) -> Samples:
    """Lay the effects over a voice."""
    voice = soxr.resample(voice, RATE, RATE * acting.throat, "VHQ")
    at = np.arange(len(voice))
    pulses = np.sin(2 * np.pi * CREAK_HZ * at / RATE + 3 * np.sin(2 * np.pi * 3 * at / RATE))
    voice = voice * (1 - acting.creak * (pulses > 0.2))
    # One pole: y[n] = (1 - dull) x[n] + dull y[n - 1], written as a short convolution.
    voice = np.convolve(voice, (1 - acting.dull) * acting.dull ** np.arange(100.0))[: len(at)]
    wave = np.sin(2 * np.pi * TREMOR_HZ * at / RATE)
    # A position that swings by `depth` samples changes the pitch by depth * 2 pi f / rate.
    depth = 0.045 * acting.tremor * RATE / (2 * np.pi * TREMOR_HZ)
    voice = np.interp(at + depth * wave, at, voice) * (1 + 0.35 * acting.tremor * wave)
    loudness = np.convolve(np.abs(voice), np.full(320, 1 / 320), mode="same")
    voice = voice + acting.breath * loudness * noise.standard_normal(len(voice))
    voice /= np.abs(voice).max()
    if acting.strain:
        voice = np.tanh(voice * (1 + acting.strain)) / np.tanh(1 + acting.strain)
    fade = np.minimum(1, np.minimum(at, at[::-1]) / (0.01 * RATE))
    return np.asarray(acting.level * voice * fade, np.float64)


def call() -> Samples:
    """The whole call [n, 2]."""
    noise = np.random.default_rng(7)
    parts: list[Samples] = []
    for line in CALL:
        voice = act(speak(line.text, VOICES[line.leg], line.acting), line.acting, noise)
        part = np.zeros((round(line.pause_s * RATE) + len(voice), 2))
        part[-len(voice) :, line.leg] = voice
        parts.append(part)
    parts.append(np.zeros((RATE, 2)))
    return np.concatenate(parts)


def main() -> None:
    """Write the call."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("demo_call.flac"))
    steps = np.round(call() * 32767 / STEP).astype(np.int16) * STEP
    soundfile.write(output, steps, RATE, subtype="PCM_16")
    print(f"{output}: {len(steps) / RATE:.1f} s, {output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
