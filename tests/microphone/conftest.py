"""A sound card of software, and something to say."""

import ctypes.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tonewatch.stream.sources.demo import demo_call

from . import rig


@pytest.fixture
def sound_server(tmp_path: Path) -> Iterator[rig.SoundServer]:
    missing = [name for name in ("pulseaudio", "paplay", "pactl") if not shutil.which(name)]
    missing += [] if ctypes.util.find_library("portaudio") else ["libportaudio2"]
    plugins = Path("/usr/share/alsa/alsa.conf.d/pulse.conf").exists()
    missing += [] if plugins else ["libasound2-plugins"]
    if missing:
        pytest.skip(f"no sound card of software: {', '.join(missing)} not installed")
    home = tmp_path / "sound"
    home.mkdir(mode=0o700)
    with rig.sound_server(home) as server:
        yield server


@pytest.fixture
def program(sound_server: rig.SoundServer, tmp_path: Path) -> Iterator[rig.Tonewatch]:
    with rig.tonewatch(sound_server.environment, tmp_path / "outputs") as running:
        yield running


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of the demo call's customer without her pauses; 48 kHz, mono."""
    samples, rate = soundfile.read(demo_call(), dtype="float32")
    blocks = samples[: len(samples) // rate * rate, 0].reshape(-1, rate // 5)
    words = blocks[np.abs(blocks).max(axis=1) > 0].ravel()[: 12 * rate]
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, soxr.resample(words, rate, 48_000), 48_000)
    return path
