"""A session folder played again: the same sound, the same windows, so the same curve, bit for bit.

What the disk holds is what the core was given: sound in int16 steps, speech and gap flags, where
cores began, broke off and ended, with which phase, and which answers of the engine reached the
track. A window that was superseded or dropped in the session is left out again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.engine import Engine
from ...models.grid import FRAME_SAMPLES, frames_to_seconds
from ...models.window import Window
from ..decision.evidence.pitch import SwiftF0
from ..events import Episode, Scene
from ..listener.heard import INT16, Heard
from ..pipeline import LegCore
from ..scoring import Scored, Scorer, at_once
from ..trust import undoubt
from .card import Card, CoreSpan, LegFiles, read_card
from .files import FolderError
from .formats import FRAME, HEARD, SPEECH, WAV_HEADER, read_npy
from .history import frame_rows
from .in_force import InForce, read_in_force
from .meters import read_flags

BLOCK_FRAMES = 50


@dataclass(slots=True, kw_only=True)
class Replayed:
    """A leg's curve, made again."""

    leg: str
    rows: npt.NDArray[Any]
    """Shape [frames of the leg], of formats.FRAME: holes where nothing settled."""
    episodes: dict[str, Episode] = field(default_factory=dict)
    """Episodes as they were last told, by id."""


def replay(folder: Path, engine: Engine, *, batch: int = 8) -> list[Replayed]:
    """Play the scored legs of a session folder again through `engine`.

    Raises FolderError if the folder lacks its sound or another model was in force, EngineError.
    """
    card, forced = read_card(folder), read_in_force(folder)
    if (engine.manifest.name, engine.manifest.sha256) != (forced.model.name, forced.model.sha256):
        raise FolderError(
            f"{folder}: was read by model {forced.model.name} {forced.model.version}; "
            f"replay it with that one, not with {engine.manifest.name} {engine.manifest.version}"
        )
    legs = dict.fromkeys(core.leg for core in card.cores)
    return [_replay_leg(folder, card, forced, leg, engine, batch) for leg in legs]


def heard_again(folder: Path, files: LegFiles, start: int, stop: int) -> Iterator[Heard]:
    """Frames [start, stop) of a leg as they were heard, a second at a time.

    Raises FolderError if the sound was deleted.
    """
    path = folder / files.audio
    if not path.exists():
        raise FolderError(f"{path}: the sound was deleted; its scores remain")
    flags = read_flags(folder, files)
    stop = min(stop, len(flags))
    with path.open("rb") as file:
        file.seek(WAV_HEADER + 2 * FRAME_SAMPLES * start)
        for first in range(start, stop, BLOCK_FRAMES):
            some = flags[first : min(first + BLOCK_FRAMES, stop)]
            size = 2 * FRAME_SAMPLES * len(some)
            samples = np.frombuffer(file.read(size).ljust(size, b"\0"), "<i2")
            yield Heard(
                leg=files.leg,
                start_frame=first,
                samples=samples.astype(np.float32) / np.float32(INT16),
                speech=some & SPEECH > 0,
                gap=some & HEARD == 0,
                captured_at=frames_to_seconds(first + len(some)),
            )


def _replay_leg(
    folder: Path, card: Card, forced: InForce, leg: str, engine: Engine, batch: int
) -> Replayed:
    files = card.leg_files(leg)
    length = len(read_flags(folder, files))
    found = Replayed(leg=leg, rows=np.zeros(length, FRAME))
    cores = [core for core in card.cores if core.leg == leg]
    answers = _answers(folder, files)
    key = f"{card.info.id}/{leg}"
    scorer: Scorer | None = None
    try:
        for number, core in enumerate(cores):
            if core.fresh or scorer is None:
                engine.open(key)
                scorer = _scorer(key, forced, core, engine, batch, answers, card.info.scene)
            else:
                _keep(found, scorer.restart(core.start_frame))
            stop = length if core.stop_frame is None else min(core.stop_frame, length)
            for heard in heard_again(folder, files, core.start_frame, stop):
                _keep(found, scorer.hear(heard))
            goes_on = number + 1 < len(cores) and not cores[number + 1].fresh
            if not goes_on:
                _keep(found, scorer.finish() if core.finished else scorer.break_off())
    finally:
        engine.close(key)
    return found


def _scorer(
    key: str,
    forced: InForce,
    core: CoreSpan,
    engine: Engine,
    batch: int,
    answers: dict[int, int],
    scene: Scene | None,
) -> Scorer:
    manifest = engine.manifest

    def place(window: Window) -> int:
        return window.stop_frame - manifest.tail_frames

    return Scorer(
        LegCore(
            key,
            forced.settings,
            manifest,
            phase_frames=core.phase_frames,
            start_frame=core.start_frame,
            pitch=SwiftF0() if forced.settings.evidence.enabled else None,
            scene=scene,
        ),
        at_once(engine),
        batch=batch,
        judge=lambda window: "poor" if undoubt(answers[place(window)])[0] else "",
        trust=lambda window: undoubt(answers[place(window)])[1],
        wanted=lambda window: place(window) in answers,
    )


def _answers(folder: Path, files: LegFiles) -> dict[int, int]:
    """First frame behind each answer that reached the track, and its doubt.

    No two windows end at one place.
    """
    rows = read_npy(folder / files.windows)
    return {int(stop): int(doubt) for _, stop, doubt in rows.tolist()}


def _keep(found: Replayed, steps: Iterator[Scored]) -> None:
    for step in steps:
        rows = frame_rows(step.update, poor=step.poor)
        start = step.update.settled.start_frame
        found.rows[start : start + len(rows)] = rows[: len(found.rows) - start]
        for episode in step.episodes:
            found.episodes[episode.id] = episode
