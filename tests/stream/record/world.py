"""Sessions, sound and settled frames for the tests of the record."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tonewatch.models.grid import FRAME_SAMPLES
from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.stream.events import LegInfo, SessionInfo
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.formats import FRAME
from tonewatch.stream.record.in_force import in_force
from tonewatch.stream.record.items import Audio, Settled
from tonewatch.stream.settings import RecordSettings, StreamSettings

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


def forced(output: Path, **record: Any) -> dict[str, Any]:
    settings = StreamSettings(record=RecordSettings(output=output, **record))
    return in_force(settings, MANIFEST)


def made(output: Path, info: SessionInfo | None = None, **record: Any) -> SessionFolder:
    return SessionFolder.create(output, info or session(), settings=forced(output, **record))


def sound(start: int, frames: int) -> npt.NDArray[np.int16]:
    """Samples that say where they are: no two frames of a minute are alike."""
    at = np.arange(start * FRAME_SAMPLES, (start + frames) * FRAME_SAMPLES)
    return ((at * 7919) % 65_521 - 32_760).astype(np.int16)


def flags(frames: int, value: bool) -> npt.NDArray[np.bool_]:
    return np.full(frames, value)


def hear(
    folder: SessionFolder, start: int, frames: int, leg: str = "customer", speech: bool = True
) -> None:
    folder.hear(
        leg,
        start,
        sound(start, frames),
        speech=flags(frames, speech),
        gap=flags(frames, False),
    )


def rows(start: int, frames: int, label: int = 2) -> npt.NDArray[Any]:
    """Settled speech frames that say where they are and lean to one label."""
    made = np.zeros(frames, FRAME)
    made["state"] = 3
    made["emotion"] = label
    made["logits"][:, label] = 2.0
    made["scores"][:, label] = 0.75
    made["fear"] = np.arange(start, start + frames) % 100
    made["disgust"] = 5.0
    made["confidence"] = 0.75
    return made


def audio(start: int, frames: int, leg: str = "customer", session: str = "s1") -> Audio:
    return Audio(
        session=session,
        leg=leg,
        start_frame=start,
        samples=(sound(start, frames) / 32768.0).astype(np.float32),
        speech=flags(frames, True),
        gap=flags(frames, False),
    )


def settled(start: int, frames: int, session: str = "s1") -> Settled:
    return Settled(session=session, leg="customer", start_frame=start, rows=rows(start, frames))
