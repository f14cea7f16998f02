"""Sessions, sound and settled frames for the tests of the record."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tonewatch.models.grid import FRAME_SAMPLES
from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS, NEUTRAL
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.models.window import Frames, Window
from tonewatch.stream.decision.decision import DecisionUpdate
from tonewatch.stream.decision.readings import ReadingColumns
from tonewatch.stream.events import Episode, LegInfo, SessionInfo
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.pipeline import LegUpdate
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import frame_rows
from tonewatch.stream.record.in_force import in_force
from tonewatch.stream.record.items import Audio, Settled
from tonewatch.stream.settings import RecordSettings, StreamSettings
from tonewatch.stream.track import Fused

MANIFEST = Manifest(
    schema=1,
    name="fake",
    version="1",
    graph="fake.onnx",
    window_samples=48_000,
    lengths=(16_000, 24_000, 32_000, 48_000),
    labels=LABELS,
    known=LABELS[:5],
    feature_dim=4,
    licence=Licence(name="none", commercial_use=True, notice="made for tests"),
)


def session(
    id: str = "s1", name: str = "desk 7", legs: tuple[str, ...] = ("customer",)
) -> SessionInfo:
    return SessionInfo(
        id=id,
        name=name,
        state="live",
        source="demo",
        started_at="2026-11-21T05:00:00Z",
        legs=tuple(
            LegInfo(
                name=leg,
                role="customer" if leg == "customer" else "agent",
                scored=leg == "customer",
            )
            for leg in legs
        ),
        scoring=True,
    )


def flag(**fields: Any) -> Episode:
    """A flag of the customer."""
    told: dict[str, Any] = {
        "id": "e1",
        "leg": "customer",
        "kind": "needs_review",
        "state": "closed",
        "start": 10,
        "end": 20,
        "peak": 15,
        "fear": 70.0,
        "disgust": 65.0,
        "reason_en": "close",
        "reason_zh": "接近",
    }
    return Episode(**told | fields)


def forced(output: Path, **record: Any) -> dict[str, Any]:
    settings = StreamSettings(record=RecordSettings(output=output, **record))
    return in_force(settings, MANIFEST)


def made(output: Path, info: SessionInfo | None = None, **record: Any) -> SessionFolder:
    return SessionFolder.create(output, info or session(), settings=forced(output, **record))


def sound(start: int, frames: int) -> npt.NDArray[np.int16]:
    """Samples that say where they are: no two frames of a minute are alike."""
    at = np.arange(start * FRAME_SAMPLES, (start + frames) * FRAME_SAMPLES)
    return ((at * 7919) % 65_521 - 32_760).astype(np.int16)


def heard(start: int, frames: int, *, speech: bool = True) -> Heard:
    return Heard(
        leg="s1/customer",
        start_frame=start,
        samples=(sound(start, frames) / 32768.0).astype(np.float32),
        speech=np.full(frames, speech),
        gap=np.zeros(frames, np.bool_),
        captured_at=0.0,
    )


def hear(
    folder: SessionFolder, start: int, frames: int, leg: str = "customer", speech: bool = True
) -> None:
    folder.hear(leg, heard(start, frames, speech=speech))


def update(start: int, frames: int, label: int = FEARFUL, features: int = 0) -> LegUpdate:
    """Settled speech frames that say where they are and lean to one label."""
    logits = np.zeros((frames, 9), np.float32)
    logits[:, label] = 2.0
    scores = np.zeros((frames, 9), np.float32)
    scores[:, label] = 0.75
    place = np.arange(start, start + frames)
    settled = ReadingColumns(
        start_frame=start,
        scores=scores,
        fear=(place % 100).astype(np.float32),
        disgust=np.full(frames, 5.0, np.float32),
        emotion=np.full(frames, label, np.int8),
        confidence=np.full(frames, 0.75, np.float32),
        valid=np.ones(frames, np.bool_),
        logits=logits.copy(),
    )
    return LegUpdate(
        settled=Fused(
            start_frame=start,
            logits=logits,
            valid=np.ones(frames, np.bool_),
            features=np.repeat(place[:, None], features, 1).astype(np.float32)
            if features
            else None,
        ),
        speech=np.ones(frames, np.bool_),
        decision=DecisionUpdate(settled=settled, provisional=settled.part(frames)),
        captured_at=0.0,
        warming_up=False,
    )


def rows(start: int, frames: int, label: int = FEARFUL) -> npt.NDArray[Any]:
    return frame_rows(update(start, frames, label))


def audio(start: int, frames: int, leg: str = "customer", session: str = "s1") -> Audio:
    return Audio(session=session, leg=leg, heard=heard(start, frames))


def settled(start: int, frames: int, session: str = "s1", features: int = 0) -> Settled:
    made = update(start, frames, features=features)
    return Settled(session=session, leg="customer", update=made)


class LoudnessEngine:
    """Reads loud frames as fearful and disgusted, in turns, and quiet ones as neutral."""

    manifest = MANIFEST
    provider = "CPU"

    def __init__(self) -> None:
        self.legs: list[str] = []
        self.open_legs: set[str] = set()
        self.calls: list[int] = []

    def open(self, leg: str) -> None:
        self.open_legs.add(leg)

    def close(self, leg: str) -> None:
        self.open_legs.discard(leg)

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.calls.append(len(windows))
        return [self._read(window) for window in windows]

    def _read(self, window: Window) -> Frames:
        self.legs.append(window.leg)
        samples = window.samples.reshape(-1, FRAME_SAMPLES)
        level = np.abs(samples).mean(axis=1)
        logits = np.zeros((len(level), len(LABELS)), np.float32)
        logits[:, FEARFUL] = 80 * level
        logits[:, DISGUSTED] = 80 * level + samples[:, 0]
        logits[:, NEUTRAL] = 0.5
        return Frames(
            leg=window.leg,
            start_frame=window.start_frame,
            logits=logits,
            features=np.repeat(level[:, None], 4, axis=1).astype(np.float32),
            captured_at=window.captured_at,
            warming_up=window.warming_up,
        )
