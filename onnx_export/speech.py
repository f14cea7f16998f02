"""Windows of speech from recordings, for measuring what a lower precision changes."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from ..models.grid import SAMPLE_RATE
from ..models.window import Float32
from .errors import ExportError

SUFFIXES: Final = (".wav", ".flac", ".ogg", ".opus", ".mp3")
_AUDIBLE: Final = 0.003
"""Root mean square below which a window counts as silence: -50 dBFS."""


def speech_windows(source: Path, *, samples: int, most: int = 64) -> list[Float32]:
    """At most `most` audible windows [samples], 16 kHz, in int16 steps, spread over all files.

    `source` is a recording or a folder of them; channels are taken as voices of their own. Raises
    ExportError where there is none.
    """
    files = [source] if source.is_file() else _recordings(source)
    windows: list[Float32] = []
    share = -(-most // max(1, len(files)))
    step = max(1, len(files) // most)
    for file in (file for first in range(step) for file in files[first::step]):
        windows += _spread(_windows(file, samples), share)
        if len(windows) >= most:
            break
    if not windows:
        raise ExportError(
            f"{source}: no speech of {samples / SAMPLE_RATE:g} s at a stretch; expected recordings "
            f"({', '.join(SUFFIXES)})"
        )
    return windows[:most]


def _recordings(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _windows(file: Path, samples: int) -> list[Float32]:
    try:
        sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise ExportError(f"{file}: cannot be read: {error}") from error
    found = []
    for voice in sound.T:
        wave = soxr.resample(voice, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else voice
        wave = np.clip(np.round(wave * 32768), -32768, 32767).astype(np.float32) / 32768
        rows = wave[: len(wave) // samples * samples].reshape(-1, samples)
        found += [row for row in rows if np.sqrt(np.mean(row * row)) > _AUDIBLE]
    return found


def _spread(windows: list[Float32], most: int) -> list[Float32]:
    """At most `most` of them, evenly over the recording."""
    at = np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).round().astype(int))
    return [windows[i] for i in at] if windows else []
