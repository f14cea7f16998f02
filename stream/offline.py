"""The other shell: recordings of any length through the same core, as fast as they can be read.

Sound passes in blocks of a few seconds: memory does not grow with the length of a recording.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..models.engine import Engine
from ..models.window import Float32
from .audio import Chunk
from .decision.evidence.pitch import Beside, SwiftF0
from .decision.scene.scenes import load_scenes, scene_of
from .events import EpisodeChanged, Scene, SessionInfo
from .law import rule
from .listener.gate import Vad
from .listener.heard import Heard
from .listener.listener import Listener, finish, listen
from .pipeline import LegCore
from .quality import Quality
from .record.files import utc_text
from .record.folder import SessionFolder
from .record.history import frame_rows
from .record.in_force import in_force
from .record.result import read_result
from .scoring import Readers, Scored, Scorer, spans
from .settings import DecisionSettings, StreamSettings
from .sources.pcm_messages import role_of
from .sources.reading import Recording, RecordingError, leg_names, open_recording

BLOCK_S = 4.0
"""Seconds of sound at a time: each step has costs of its own, however much it is given."""
SYNC_S = 5.0
"""Seconds of work between two syncs: they show the repair of a server on the same output folder
that this session lives."""
Progress = Callable[[float, float], None]
"""Told the seconds done and the seconds there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeResult:
    """What came of one recording."""

    recording: Path
    folder: Path
    """The session folder."""
    info: SessionInfo
    result: Mapping[str, Any]
    """The content of result.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every analysis shares; one thread at a time."""

    engine: Engine
    vad: Vad
    settings: StreamSettings
    helpers: tuple[Engine, ...] = ()
    """Further engines of the same model: each reads on a core of its own."""
    batch: int = 8
    """Windows in one call of the engine."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def analyze(
    path: Path,
    tools: Tools,
    *,
    legs: Sequence[str] | None = None,
    name: str | None = None,
    context: str = "",
    profile: str = "",
    progress: Progress = lambda done, total: None,
) -> AnalyzeResult:
    """Analyse a recording and leave a session folder.

    `legs` names the channels (reading.leg_names); `name` is the session's, by default the file's.
    Raises RecordingError (what came before the fault is in a folder that the message names),
    SceneError, EngineError, OSError.
    """
    tools = replace(tools, settings=tools.settings.for_model(tools.engine.manifest))
    recording = open_recording(path)
    info = _info(recording, legs, path.stem if name is None else name, tools)
    info = replace(info, context=context, scene=_scene(tools.settings.decision, context, profile))
    folder = SessionFolder.create(
        tools.settings.record.output, info, settings=in_force(tools.settings, tools.engine.manifest)
    )
    with Readers((tools.engine, *tools.helpers)) as readers:
        call = _Call(folder, recording, tools, readers)
        try:
            call.run(progress)
        except RecordingError as error:
            call.end("lost")
            raise RecordingError(f"{error}; what came before is in {folder.path}") from error
        except BaseException:
            call.end("lost")
            raise
        ended = call.end("ended")
    return AnalyzeResult(
        recording=path, folder=folder.path, info=ended, result=read_result(folder.path)
    )


class _Call:
    """One recording on its way through listeners, cores and folder."""

    def __init__(
        self, folder: SessionFolder, recording: Recording, tools: Tools, readers: Readers
    ) -> None:
        self._folder = folder
        self._readers = readers
        self._recording = recording
        self._tools = tools
        self._names = [leg.name for leg in folder.info.legs]
        self._listeners = [
            Listener(self._key(name), recording.rate, tools.settings.listener)
            for name in self._names
        ]
        self._quality = {
            leg.name: Quality(tools.settings.decision.poor_snr_db, tools.settings.quality)
            for leg in folder.info.legs
            if leg.scored
        }
        self._pitch = Beside(SwiftF0()) if tools.settings.evidence.enabled else None
        # Scorers are made for scored legs alone: no other sound can reach a window.
        self._scorers = {leg.name: self._scorer(leg.name) for leg in folder.info.legs if leg.scored}

    def run(self, progress: Progress) -> None:
        """Read the recording to its end. Raises what reading and the engine raise."""
        recording, position, synced = self._recording, 0, time.monotonic()
        for block in recording.blocks(BLOCK_S):
            chunks = [
                [self._chunk(channel, position, block[:, channel])]
                for channel in range(recording.channels)
            ]
            batch = list(zip(self._listeners, chunks, strict=True))
            self._take(listen(batch, self._tools.vad))
            position += len(block)
            progress(
                position / recording.rate, max(recording.duration_s, position / recording.rate)
            )
            if time.monotonic() - synced >= SYNC_S:
                self._folder.sync()
                synced = time.monotonic()
        self._take([finish(listener, self._tools.vad) for listener in self._listeners])
        for name, scorer in self._scorers.items():
            self._keep(name, list(scorer.finish()))

    def end(self, state: str) -> SessionInfo:
        """Finish the folder; the session as it ended."""
        for name in self._scorers:
            self._readers.close(self._key(name))
        info = replace(
            self._folder.info,
            state="ended" if state == "ended" else "lost",
            ended_at=utc_text(self._tools.now()),
        )
        for _ in self._folder.end(info, {"provider": self._tools.engine.provider}):
            pass
        return info

    def _take(self, heard: Sequence[Sequence[Heard]]) -> None:
        for name, pieces in zip(self._names, heard, strict=True):
            for piece in pieces:
                self._folder.hear(name, piece)
                if name in self._scorers:
                    self._quality[name].push(piece)
                    self._keep(name, list(self._scorers[name].hear(piece)))

    def _keep(self, name: str, steps: Sequence[Scored]) -> None:
        folder = self._folder
        for step in steps:
            settled = step.update.settled
            rows = frame_rows(step.update, poor=step.poor)
            folder.settle(name, settled.start_frame, rows)
            if settled.features is not None:
                folder.embed(name, settled.start_frame, settled.features)
            for episode in step.episodes:
                # A core knows its leg by its key, everybody else by its name.
                named = replace(episode, leg=name)
                folder.log(EpisodeChanged(session=folder.info.id, episode=named, captured_at_ns=0))
        folder.answered(name, spans(steps))

    def _scorer(self, name: str) -> Scorer:
        key, tools = self._key(name), self._tools
        self._readers.open(key)
        self._folder.begin_core(name, 0, 0)
        core = LegCore(
            key,
            tools.settings,
            tools.engine.manifest,
            pitch=self._pitch,
            scene=self._folder.info.scene,
        )
        quality = self._quality[name]
        return Scorer(
            core,
            self._readers.ask,
            batch=tools.batch,
            ahead=self._readers.ahead,
            judge=lambda window: quality.at(window.stop_frame).poor,
            trust=lambda window: quality.at(window.stop_frame).trust,
        )

    def _key(self, name: str) -> str:
        return f"{self._folder.info.id}/{name}"

    def _chunk(self, channel: int, position: int, samples: Float32) -> Chunk:
        return Chunk(
            leg=self._key(self._names[channel]),
            start=position,
            samples=np.ascontiguousarray(samples),
            captured_at=(position + len(samples)) / self._recording.rate,
        )


def _scene(settings: DecisionSettings, context: str, profile: str) -> Scene | None:
    return scene_of(settings, load_scenes(settings.scenes), context, profile)


def _info(recording: Recording, legs: Sequence[str] | None, name: str, tools: Tools) -> SessionInfo:
    names = leg_names(recording, legs)
    pairs = [(leg, role_of(leg)) for leg in names]
    ruling = rule("recording", pairs, None, tools.settings.monitor)
    return SessionInfo(
        id=uuid.uuid4().hex[:12],
        name=name,
        state="live",
        source="recording",
        started_at=utc_text(tools.now()),
        legs=ruling.legs,
        scoring=ruling.scoring,
        scoring_reason=ruling.reason,
        notice=ruling.notice,
        pace="file",
        hop_ms=tools.settings.window.hop_step_ms,
    )
