"""A session folder while its session runs: everything is written by position, nothing shifts.

Rules of this file: no thread, no clock; every method may raise OSError (a full or vanished disk)
and may be called again afterwards: what could not be written is a hole of the right length, small
pieces are written with the next call. A process killed at any moment leaves files that open once
their headers are repaired (repair.py), short by what came after the last `sync`.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.grid import FRAME_SAMPLES
from ...models.window import Float32
from ..events import EpisodeChanged, Event, SessionInfo
from ..listener.heard import INT16, Heard
from .card import CARD_NAME, Card, CoreSpan, LegFiles, leg_files, read_card, write_card
from .eventlog import EVENTS_NAME, EventLog
from .files import FolderError, new_folder, write_json
from .finish import finish
from .formats import (
    AUDIO_RECORD,
    FEATURE,
    FRAME,
    HEARD,
    SPEECH,
    WINDOW,
    WINDOW_COLUMNS,
    no_header,
    npy_columns,
    npy_header,
    wav_header,
)
from .grid import GridFile, Written
from .in_force import SETTINGS_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncing:
    """Files of one folder that the disk has to be told of."""

    grids: Mapping[GridFile, Written]
    events: int | None
    """Bytes of events.jsonl; None if the disk has them."""
    paths: tuple[Path, ...]
    """Where they lie."""


class SessionFolder:
    """One session on disk. Used by one thread at a time."""

    def __init__(self, path: Path, card: Card) -> None:
        self.path = path
        self.card = card
        self._grids: dict[str, GridFile] = {}
        self._events = EventLog(path / EVENTS_NAME)
        self._card_waits = False
        for files in card.files:
            self._audio(files)
            self._heard(files)
            self._take_up(files)

    @classmethod
    def create(
        cls,
        output: Path,
        info: SessionInfo,
        *,
        settings: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
    ) -> "SessionFolder":
        """Begin a folder in `output`, named after the session's start and name.

        `settings`: what was in force (settings, model manifest): JSON values. `extra`: what the
        source needs to take the session up again. Raises OSError.
        """
        path = new_folder(output, info.name, info.started_at)
        info = replace(info, folder=path.name)
        card = Card(info=info, files=leg_files(info), extra=dict(extra or {}))
        try:
            write_json(path / SETTINGS_NAME, settings)
            folder = cls(path, card)
            write_card(path, card)
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return folder

    @classmethod
    def resume(cls, path: Path) -> "SessionFolder":
        """Take up an interrupted session; `frames` says where it goes on.

        Sound, flags and frames of all legs are cut to the last 20 ms frame that all legs have.
        Raises FolderError if it has ended, OSError.
        """
        card = read_card(path)
        if not card.unfinished:
            raise FolderError(f"session {card.info.id} has ended and cannot be taken up again")
        folder = cls(path, card)
        folder._cut(folder.frames)
        return folder

    @property
    def info(self) -> SessionInfo:
        """The session as last told."""
        return self.card.info

    @property
    def frames(self) -> int:
        """20 ms frames that every leg has, holes included."""
        ends = (
            min(self._audio(files).frames, self._heard(files).frames) for files in self.card.files
        )
        return min(ends, default=0)

    @property
    def durable(self) -> int:
        """20 ms frames that every leg has on disk, as of the last sync."""
        return min((self._audio(files).durable for files in self.card.files), default=0)

    def hear(self, leg: str, heard: Heard) -> None:
        """Whole frames of a leg's 16 kHz sound, at their place."""
        files = self.card.leg_files(leg)
        flags = (~heard.gap).astype(np.uint8) * HEARD | heard.speech.astype(np.uint8) * SPEECH
        audio, states = self._audio(files), self._heard(files)
        try:
            audio.write(heard.start_frame, _pcm(heard))
        finally:
            states.write(heard.start_frame, flags.tobytes())
            self._mark_lost(audio, states)

    def settle(self, leg: str, start_frame: int, rows: npt.NDArray[np.void]) -> None:
        """Settled frames from `start_frame` on: rows [n] of formats.FRAME."""
        grid = self._npy(self.card.leg_files(leg).frames, FRAME)
        grid.write(start_frame, rows.astype(FRAME, copy=False).tobytes())

    def answered(self, leg: str, spans: Iterable[tuple[int, int, int]]) -> None:
        """Answers as (first frame, first frame behind, trust.doubt), in the order of the track."""
        rows = np.array(list(spans), dtype=WINDOW).reshape(-1, WINDOW_COLUMNS)
        grid = self._npy(self.card.leg_files(leg).windows, WINDOW, WINDOW_COLUMNS)
        grid.write(grid.frames, rows.tobytes())

    def embed(self, leg: str, start_frame: int, features: Float32) -> None:
        """Feature vectors [n, D] from `start_frame` on; later ones replace earlier ones."""
        grid = self._npy(self.card.leg_files(leg).embedding, FEATURE, features.shape[1])
        grid.write(start_frame, features.astype(FEATURE, copy=False).tobytes())

    def log(self, event: Event) -> None:
        """Append an event to events.jsonl."""
        self._events.append(event)

    def update(self, info: SessionInfo) -> None:
        """The session was renamed, paused, ...; the folder keeps its name."""
        self._rewrite(replace(self.card, info=replace(info, folder=self.path.name)))

    def begin_core(
        self, leg: str, start_frame: int, phase_frames: int, *, fresh: bool = True
    ) -> None:
        """A leg's core begins at `start_frame`; an earlier one still open ended there."""
        core = CoreSpan(leg=leg, start_frame=start_frame, phase_frames=phase_frames, fresh=fresh)
        self._rewrite(self.card.with_core(core))

    def end_core(self, leg: str, stop_frame: int, *, finished: bool) -> None:
        """A leg's core ends; `finished` says whether it was let to read what it had heard."""
        cores = self.card.without_open_core(leg, stop_frame, finished=finished)
        self._rewrite(replace(self.card, cores=cores))

    def erase_scores(self) -> None:
        """Consent was withdrawn: what was scored so far is deleted, the sound stays."""
        for files in self.card.files:
            for name in (files.frames, files.windows, files.embedding):
                self._grids.pop(name, None)
                (self.path / name).unlink(missing_ok=True)
        self._events.keep(lambda event: not isinstance(event, EpisodeChanged))
        # Without cores a replay cannot make the curve again either.
        self._rewrite(replace(self.card, cores=()))

    def flush(self) -> None:
        """Hand everything to the operating system: a killed process loses none of it."""
        try:
            for grid in self._grids.values():
                grid.flush()
        finally:
            self._mark_all_lost()
        self._events.flush()

    def sync(self) -> int:
        """Bring everything to the disk and the headers up to date; the durable frames."""
        try:
            for grid in self._grids.values():
                grid.sync()
        finally:
            self._mark_all_lost()
        self._events.sync()
        self._live_on()
        return self.durable

    def begin_sync(self) -> Syncing:
        """Hand everything to the operating system, headers up to date; what the disk lacks.

        For whoever syncs many folders together, and then calls `end_sync`.
        """
        try:
            begun = {grid: grid.begin_sync() for grid in self._grids.values()}
        finally:
            self._mark_all_lost()
        logged = self._events.begin_sync()
        self._live_on()
        grids = {grid: written for grid, written in begun.items() if written}
        paths = [grid.path for grid in grids] + [self._events.path] * (logged is not None)
        return Syncing(grids=grids, events=logged, paths=tuple(paths))

    def end_sync(self, syncing: Syncing) -> int:
        """The files of `syncing` are on the disk; the durable frames."""
        for grid, written in syncing.grids.items():
            grid.end_sync(written)
        if syncing.events is not None:
            self._events.end_sync(syncing.events)
        return self.durable

    def _live_on(self) -> None:
        if self._card_waits:
            self._rewrite(self.card)
        else:
            # Its time of change is the folder's sign of life (repair.py).
            os.utime(self.path / CARD_NAME)

    def end(
        self, info: SessionInfo, facts: Mapping[str, Any] | None = None, *, repaired: str = ""
    ) -> Iterator[None]:
        """Finish the folder in small steps, so that other sessions are not kept waiting.

        Writes frames.csv, result.json (with `facts`, what only the live session knew, added) and
        at last the state of `info`. `repaired`: when the repair closed an interrupted session.
        After an OSError it can be called again from the start.
        """
        for files in self.card.files:
            frames = min(self._audio(files).frames, self._heard(files).frames)
            self._audio(files).truncate(frames)
            self._heard(files).truncate(frames)
            if any(leg.name == files.leg and leg.scored for leg in info.legs):
                self._npy(files.frames, FRAME).truncate(frames)
        self.sync()
        yield from finish(self.path, self.card, info, facts or {}, repaired=repaired)

    def _rewrite(self, card: Card) -> None:
        self.card = card
        self._card_waits = True
        write_card(self.path, card)
        self._card_waits = False

    def _cut(self, frames: int) -> None:
        for files in self.card.files:
            self._audio(files).truncate(frames)
            self._heard(files).truncate(frames)
            for name in (files.frames, files.embedding):
                if name in self._grids:
                    self._grids[name].truncate(min(self._grids[name].frames, frames))
            if files.windows in self._grids:
                self._cut_windows(files, frames)

    def _cut_windows(self, files: LegFiles, frames: int) -> None:
        grid = self._npy(files.windows, WINDOW, WINDOW_COLUMNS)
        grid.sync()
        ends = np.load(self.path / files.windows)[:, 1]
        beyond = np.flatnonzero(ends > frames)
        grid.truncate(int(beyond[0]) if len(beyond) else len(ends))

    def _mark_all_lost(self) -> None:
        for files in self.card.files:
            self._mark_lost(self._audio(files), self._heard(files))

    @staticmethod
    def _mark_lost(audio: GridFile, heard: GridFile) -> None:
        """Sound that the disk never took is a gap."""
        for start, stop in audio.take_given_up():
            heard.write(start, bytes(stop - start))

    def _take_up(self, files: LegFiles) -> None:
        """Open what an interrupted session left, so that its headers are brought up to date."""
        for name in (files.frames, files.windows, files.embedding):
            path = self.path / name
            if path.exists() and not path.stat().st_size:
                path.unlink()
        if (self.path / files.frames).exists():
            self._npy(files.frames, FRAME)
        if (self.path / files.windows).exists():
            self._npy(files.windows, WINDOW, WINDOW_COLUMNS)
        if (path := self.path / files.embedding).exists():
            self._npy(files.embedding, FEATURE, npy_columns(path))

    def _audio(self, files: LegFiles) -> GridFile:
        return self._grid(files.audio, AUDIO_RECORD, wav_header)

    def _heard(self, files: LegFiles) -> GridFile:
        return self._grid(files.heard, 1, no_header)

    def _npy(self, name: str, dtype: np.dtype[Any], columns: int = 0) -> GridFile:
        shape = (columns,) if columns else ()
        record = dtype.itemsize * max(1, columns)
        return self._grid(name, record, partial(npy_header, dtype, shape))

    def _grid(self, name: str, record: int, header: Callable[[int], bytes]) -> GridFile:
        if name not in self._grids:
            self._grids[name] = GridFile(self.path / name, record, header)
        return self._grids[name]


def _pcm(heard: Heard) -> bytes:
    """Samples as a WAV file keeps them.

    Frame by frame: with more than 500 samples numpy lets other threads take Python's lock, and to
    get it back takes longer than the work.
    """
    steps = np.empty((heard.frames, FRAME_SAMPLES), "<i2")
    for frame, into in zip(heard.samples.reshape(-1, FRAME_SAMPLES), steps, strict=True):
        np.multiply(frame, INT16, out=into, casting="unsafe")
    return steps.tobytes()
