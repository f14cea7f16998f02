"""Recordings of any length and format, read in blocks: constant memory whatever they hold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au"})
"""What a folder is searched for; a file that is named is tried whatever it is called."""
_NEARLY_ALL = 0.98
_UNKNOWN_SIZE = 0x7FFFF000
"""RIFF sizes from here on mean `unknown`: programs that write into a pipe leave them."""

SHORTEST_S = 0.02
"""A recording below one 20 ms frame holds nothing to analyse."""


class RecordingError(Exception):
    """A recording cannot be used; the message names the file, what is wrong and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a sound file says of itself. Reading opens it anew each time."""

    path: Path
    rate: int
    """Samples per second."""
    channels: int
    frames: int
    """Samples of each channel, as the header says; a truncated file may hold fewer."""

    @property
    def duration_s(self) -> float:
        """Length in seconds, as the header says."""
        return self.frames / self.rate

    def blocks(self, seconds: float = 1.0) -> Iterator[npt.NDArray[np.float32]]:
        """The samples as float32 [n, channels] in [-1, 1], `seconds` at a time.

        Values beyond the range (float files) are clipped. Raises RecordingError for NaN and
        infinite samples, for data that cannot be decoded and, at the end, for a file that was cut
        short: all that was yielded before was good.
        """
        size = max(1, round(seconds * self.rate))
        position = 0
        try:
            with sf.SoundFile(self.path) as file:
                while len(block := file.read(size, dtype="float32", always_2d=True)):
                    self._check(block, position)
                    position += len(block)
                    yield np.clip(block, -1.0, 1.0)
        except sf.LibsndfileError as error:
            raise RecordingError(
                f"{self.path}: cannot be decoded after {position / self.rate:.2f} s "
                f"({_reason(error)}): damaged or cut short; export it again"
            ) from error
        # The length in an MP3's header may be an estimate, off by a frame or two.
        if position < _NEARLY_ALL * self.frames or _riff_is_short(self.path):
            raise RecordingError(
                f"{self.path}: cut short: it ends after {position / self.rate:.2f} s, before the "
                "length in its header; export it again"
            )

    def _check(self, block: npt.NDArray[np.float32], position: int) -> None:
        bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if len(bad):
            at = (position + int(bad[0])) / self.rate
            raise RecordingError(
                f"{self.path}: the samples at {at:.3f} s are NaN or infinite; "
                "export the recording again"
            )


def open_recording(path: Path) -> Recording:
    """Look at a sound file: WAV, FLAC, Ogg, Opus, MP3 and what else libsndfile reads.

    Raises RecordingError if it is missing, empty, no sound, or shorter than one 20 ms frame.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise RecordingError(f"{path}: is a folder; name a recording")
        if size == 0:
            raise RecordingError(f"{path}: the file is empty")
        facts = sf.info(path)
    except FileNotFoundError:
        raise RecordingError(f"{path}: no such file") from None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be opened: {error.strerror}") from error
    except sf.LibsndfileError as error:
        raise RecordingError(
            f"{path}: not a sound file that can be read ({_reason(error)}); "
            "use WAV, FLAC, Ogg, Opus or MP3"
        ) from error
    if facts.frames < SHORTEST_S * facts.samplerate:
        raise RecordingError(
            f"{path}: holds {facts.frames} samples, at least "
            f"{SHORTEST_S * 1000:.0f} ms are needed; it is empty or was cut short"
        )
    return Recording(path=path, rate=facts.samplerate, channels=facts.channels, frames=facts.frames)


def leg_names(recording: Recording, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Names of a recording's legs, one for each channel; only `customer` is scored.

    Without names one channel is the customer, two are customer and agent. Raises RecordingError if
    the names do not fit or more channels have none.
    """
    usual = {1: ("customer",), 2: ("customer", "agent")}
    given = tuple(names) if names else usual.get(recording.channels, ())
    if not given:
        more = (f"leg{number}" for number in range(3, recording.channels + 1))
        raise RecordingError(
            f"{recording.path}: has {recording.channels} channels; legs must name each of them, "
            f"as in {','.join(('customer', 'agent', *more))}"
        )
    if len(given) != recording.channels or len(set(given)) != len(given):
        raise RecordingError(
            f"{recording.path}: has {recording.channels} channel(s), legs names "
            f"{len(given)} ({','.join(given)}); name each channel once"
        )
    return given


def recordings_in(paths: Iterable[Path]) -> list[Path]:
    """The recordings that paths name: files as they are, folders by what libsndfile reads in them.

    Raises RecordingError for a folder that holds none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES)
        if not inside:
            raise RecordingError(f"{path}: holds no recordings ({', '.join(sorted(SUFFIXES))})")
        found += inside
    return found


def _riff_is_short(path: Path) -> bool:
    """Whether a WAV file is shorter than its header says; libsndfile does not tell."""
    with path.open("rb") as file:
        head = file.read(8)
    size = int.from_bytes(head[4:], "little")
    riff = head[:4] == b"RIFF" and 0 < size < _UNKNOWN_SIZE
    return riff and size + 8 > path.stat().st_size + 1


def _reason(error: sf.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".").lower()
