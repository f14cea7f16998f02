"""session.json: what a session folder says of itself while it grows and afterwards."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..events import SessionInfo
from .files import FolderError, safe_name, write_whole

CARD_NAME = "session.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFiles:
    """Names of one leg's files. The customer's have no stem: they are the folder's main files."""

    leg: str
    stem: str = ""

    @property
    def audio(self) -> str:
        """16 kHz mono PCM16: what the model heard, or could not hear; gaps are zeros."""
        return f"{self.stem}.wav" if self.stem else "processed_audio.wav"

    @property
    def heard(self) -> str:
        """One byte for each 20 ms frame: bits HEARD and SPEECH (formats.py)."""
        return self._named("heard.u8")

    @property
    def frames(self) -> str:
        """Settled frames, rows of formats.FRAME; only of scored legs."""
        return self._named("frames.npy")

    @property
    def table(self) -> str:
        """The same as text, made when the session ends."""
        return self._named("frames.csv")

    @property
    def windows(self) -> str:
        """Answers that reached the track, in order: int32 [N, 3] (formats.WINDOW)."""
        return self._named("windows.npy")

    @property
    def embedding(self) -> str:
        """Feature vectors, float32 [T, D] by frame or [1, D]; only on request."""
        return self._named("embedding.npy")

    def _named(self, name: str) -> str:
        return f"{self.stem}.{name}" if self.stem else name


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSpan:
    """One life of a leg's core (cutter, track, decision): a restart or a stop ends it."""

    leg: str
    start_frame: int
    phase_frames: int = 0
    fresh: bool = True
    """A new core; false: the leg's earlier one, restarted."""
    stop_frame: int | None = None
    """First frame it did not hear; None while it lives."""
    finished: bool = True
    """Whether it was let to read to its end (a withdrawal of consent drops what waits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The content of session.json."""

    schema: int = 1
    info: SessionInfo
    files: tuple[LegFiles, ...]
    cores: tuple[CoreSpan, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    """What the source needs to take the session up again (rate, channels, hash of its token)."""
    repaired: str = ""
    """When an interrupted session was closed by the repair, RFC 3339; empty otherwise."""

    @property
    def unfinished(self) -> bool:
        """Whether the session had not ended when this was written."""
        return self.info.state in ("live", "paused")

    def leg_files(self, leg: str) -> LegFiles:
        """The files of a leg. Raises FolderError."""
        for files in self.files:
            if files.leg == leg:
                return files
        known = ", ".join(files.leg for files in self.files)
        raise FolderError(f"session {self.info.id}: no leg {leg!r}; it has {known}")

    def with_core(self, core: CoreSpan) -> "Card":
        """The card with one more core, the leg's earlier one ended where this begins."""
        return replace(self, cores=(*self.without_open_core(core.leg, core.start_frame), core))

    def without_open_core(
        self, leg: str, stop_frame: int, *, finished: bool = False
    ) -> tuple[CoreSpan, ...]:
        """The cores, with the leg's living one ended at `stop_frame`."""
        return tuple(
            replace(core, stop_frame=stop_frame, finished=finished)
            if core.leg == leg and core.stop_frame is None
            else core
            for core in self.cores
        )


_CARD: TypeAdapter[Card] = TypeAdapter(Card)


def leg_files(info: SessionInfo) -> tuple[LegFiles, ...]:
    """File names of a session's legs: the first customer's are the main ones."""
    customer = next((leg.name for leg in info.legs if leg.role == "customer"), None)
    taken = {"", "processed_audio"}
    found: list[LegFiles] = []
    for leg in info.legs:
        if leg.name == customer:
            found.append(LegFiles(leg=leg.name))
            continue
        wish = stem = safe_name(leg.name).lower() or "leg"
        number = 1
        while stem in taken:
            number += 1
            stem = f"{wish}_{number}"
        taken.add(stem)
        found.append(LegFiles(leg=leg.name, stem=stem))
    return tuple(found)


def read_card(folder: Path) -> Card:
    """Read session.json. Raises FolderError."""
    path = folder / CARD_NAME
    try:
        return _CARD.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise FolderError(f"{folder}: not a session folder, it has no {CARD_NAME}") from None
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise FolderError(f"{path}: {where}: {first['msg']}") from error


def write_card(folder: Path, card: Card) -> None:
    """Write session.json whole. Raises OSError."""
    write_whole(folder / CARD_NAME, _CARD.dump_json(card, indent=2) + b"\n")
