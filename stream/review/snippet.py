"""What lies on disk around a flag: the sound that a reviewer hears, the curves shown afterwards."""

import math
from dataclasses import dataclass
from pathlib import Path

from ...models.grid import FRAME_RATE, seconds_to_frames
from ...models.labels import LABELS, Label
from ...models.window import Float32
from ..events import Episode
from ..record.card import LegFiles, read_card
from ..record.eventlog import read_events
from ..record.formats import AUDIO_RECORD, WAV_HEADER, wav_header
from ..record.history import read_readings
from ..record.result import last_episodes
from .flags import Flag, flag_name


class SoundGoneError(Exception):
    """The session's sound was deleted, or never reached the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A flag's sound with some of what was heard around it."""

    wav: bytes
    """16 kHz mono PCM16, gaps as zeros."""
    start: int
    """Frame of the leg that it begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """A leg's settled curves around a flag; null where there was no reading."""

    start_frame: int
    frame_rate: int
    """Frames per second."""
    emotions: dict[Label, tuple[float | None, ...]]
    """Softmax probabilities, 0 to 1."""
    fear: tuple[float | None, ...]
    """Independent score, points 0 to 100."""
    disgust: tuple[float | None, ...]


def around(flag: Flag, seconds: float) -> tuple[int, int]:
    """Frames [first, last) of a flag with `seconds` before and after."""
    margin = seconds_to_frames(seconds)
    return max(0, flag.start - margin), flag.stop + margin


def snippet(folder: Path, flag: Flag, seconds: float) -> Snippet:
    """The sound of a flag and up to `seconds` before and after, as far as it is on disk.

    A session may still be running: what is not written yet is left out. Raises SoundGoneError,
    FolderError, OSError.
    """
    first, last = around(flag, seconds)
    path = folder / _files(folder, flag).audio
    try:
        with path.open("rb") as file:
            file.seek(WAV_HEADER + first * AUDIO_RECORD)
            sound = file.read((last - first) * AUDIO_RECORD)
    except FileNotFoundError:
        raise SoundGoneError(f"the sound of {flag.session} is not there (any more)") from None
    frames = len(sound) // AUDIO_RECORD
    return Snippet(wav=wav_header(frames) + sound[: frames * AUDIO_RECORD], start=first)


def curves(folder: Path, flag: Flag, seconds: float) -> Curves:
    """The curves of a flag and `seconds` before and after. Raises FolderError, OSError."""
    first, last = around(flag, seconds)
    readings = read_readings(folder, _files(folder, flag), first, last)
    return Curves(
        start_frame=first,
        frame_rate=FRAME_RATE,
        emotions={
            label: _column(readings.scores[:, index], 4) for index, label in enumerate(LABELS)
        },
        fear=_column(readings.fear, 2),
        disgust=_column(readings.disgust, 2),
    )


def episode_of(folder: Path, flag: Flag) -> Episode | None:
    """The episode as it was told last; None where its scores were deleted. Raises OSError."""
    for episode in last_episodes(read_events(folder)):
        if flag_name(flag.session, episode.id) == flag.episode:
            return episode
    return None


def _files(folder: Path, flag: Flag) -> LegFiles:
    return read_card(folder).leg_files(flag.leg)


def _column(values: Float32, digits: int) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else round(value, digits) for value in values.tolist())
