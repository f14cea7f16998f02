"""result.json: a session's result, always computed from what lies on disk.

So a session that ended, one that was repaired after a crash and one analysed from a file get their
result from the same lines.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.grid import frames_to_seconds, samples_to_seconds
from ...models.labels import CHINESE, LABELS
from ..decision.scene.scenes import profiled, shift_of
from ..decision.summary import Summary, Total
from ..events import (
    Episode,
    EpisodeChanged,
    Event,
    Focus,
    GapNoted,
    Mark,
    Scene,
    SessionInfo,
    TieBreak,
)
from .card import Card, LegFiles
from .eventlog import read_events
from .files import FolderError, local_time
from .formats import ESTIMATE, FRAME, POOR, SPEECH
from .history import read_rows
from .in_force import InForce
from .meters import LegMeters, read_meters

RESULT_NAME = "result.json"
_BLOCK = 50_000


def session_result(
    folder: Path, card: Card, info: SessionInfo, forced: InForce, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of result.json. `facts`: what only the live session knew, kept under `live`.

    The first five keys are those other programs rely on; their types never change: without speech
    the emotion is `unknown`, the confidence and all scores are 0 and `doubt` says why.
    """
    files = next((files for files in card.files if not files.stem), None)
    summary = _summary(folder, files, forced, info.scene)
    scores = summary.scores or (0.0,) * len(LABELS)
    meters = read_meters(folder, card)
    events = list(read_events(folder))
    gaps = [event for event in events if isinstance(event, GapNoted)]
    marks = [event for event in events if isinstance(event, Mark)]
    decision = forced.settings.decision
    return {
        "emotion": summary.emotion,
        "confidence": _rounded(summary.confidence or 0.0, 4),
        "scores": {label: _rounded(p, 4) for label, p in zip(LABELS, scores, strict=True)},
        "granularity": forced.settings.record.granularity,
        "timestamp": local_time(info.started_at).strftime("%Y-%m-%d %H:%M:%S"),
        "emotion_zh": CHINESE[summary.emotion],
        "doubt": summary.doubt,
        "fear": _rounded(summary.fear, 2),
        "disgust": _rounded(summary.disgust, 2),
        "speech_s": frames_to_seconds(summary.speech_frames),
        "duration_s": max((leg.duration_s for leg in meters.values()), default=0.0),
        "session": {
            "id": info.id,
            "name": info.name,
            "source": info.source,
            "state": info.state,
            "started_at": info.started_at,
            "ended_at": info.ended_at,
            "call_id": info.call_id,
            "context": info.context,
        },
        "scene": _scene(info, summary),
        "scoring": info.scoring,
        "scoring_reason": info.scoring_reason,
        "notice": asdict(info.notice) if info.notice else None,
        "model": {
            "name": forced.model.name,
            "version": forced.model.version,
            "sha256": forced.model.sha256,
            "precision": forced.model.precision,
            "licence": forced.model.licence.name,
            "commercial_use": forced.model.licence.commercial_use,
        },
        "temperature": forced.temperature,
        "hop_ms": info.hop_ms,
        "smooth_ms": decision.smooth_ms,
        "legs": [_leg(info, files, meters[files.leg]) for files in card.files],
        "episodes": [_episode(episode) for episode in last_episodes(events)],
        "gaps": [
            {
                "leg": files.leg,
                "start_s": frames_to_seconds(gap.start),
                "end_s": frames_to_seconds(gap.stop),
            }
            for files in card.files
            for gap in meters[files.leg].gaps
        ],
        "gap_reasons": [
            {"leg": gap.leg, "start_s": samples_to_seconds(gap.start), "reason": gap.reason}
            for gap in gaps
        ],
        "marks": [{"name": mark.name, "at_s": samples_to_seconds(mark.at)} for mark in marks],
        "series": {"table": files.table, "array": files.frames, "frame_rate": 50}
        if files is not None and forced.settings.record.granularity == "frame"
        else None,
        "live": dict(facts),
    }


def _scene(info: SessionInfo, summary: Summary) -> dict[str, Any] | None:
    """What context and profile changed, and the result with it; the scores above are without."""
    if info.scene is None:
        return None
    moved = summary.adjusted
    if moved is None or moved.scores is None:
        return {**asdict(info.scene), "adjusted": None}
    return {
        **asdict(info.scene),
        "adjusted": {
            "emotion": moved.emotion,
            "scores": {label: round(p, 4) for label, p in zip(LABELS, moved.scores, strict=True)},
            "fear": _rounded(moved.fear, 2),
            "disgust": _rounded(moved.disgust, 2),
        },
    }


def _summary(folder: Path, files: LegFiles | None, forced: InForce, scene: Scene | None) -> Summary:
    total = Total()
    rows: npt.NDArray[Any] = read_rows(folder, files) if files is not None else np.zeros(0, FRAME)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        spoken = block["state"] & (ESTIMATE | SPEECH) == ESTIMATE | SPEECH
        poor = block["state"] & POOR > 0
        trust = _trust(block)
        for percent in np.unique(trust[spoken]).tolist():
            for rows_poor in (False, True):
                some = spoken & (trust == percent) & (poor == rows_poor)
                total.push(np.array(block["logits"][some]), poor=rows_poor, trust=percent)
    decision = profiled(forced.settings.decision, scene)
    return total.summary(
        np.array([label in forced.model.known for label in LABELS]),
        temperature=forced.temperature,
        rivals=decision.enabled and forced.model.decides_rivals,
        unknown_below=decision.unknown_below,
        shift=shift_of(scene),
    )


def _trust(rows: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Percent that the line left of the confidence [n]; 100 where there is no reading."""
    best = rows["scores"].max(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = 100.0 * rows["confidence"] / best
    return np.rint(np.where(np.isfinite(left), left, 100.0)).astype(np.int64)


def last_episodes(events: Iterable[Event]) -> list[Episode]:
    """Episodes as they were last told, in the order in which they opened."""
    episodes: dict[str, Episode] = {}
    for event in events:
        if isinstance(event, EpisodeChanged):
            episodes[event.episode.id] = event.episode
    return list(episodes.values())


def read_result(folder: Path) -> dict[str, Any]:
    """result.json of a folder; empty while there is none. Raises FolderError."""
    path = folder / RESULT_NAME
    if not path.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    return found


def _leg(info: SessionInfo, files: LegFiles, meters: LegMeters) -> dict[str, Any]:
    told = next(leg for leg in info.legs if leg.name == files.leg)
    return {
        "name": files.leg,
        "role": told.role,
        "scored": told.scored,
        "reason": told.reason,
        "audio": files.audio,
        "duration_s": meters.duration_s,
        "talk_s": meters.talk_s,
        "silence_s": meters.silence_s,
        "overlap_s": meters.overlap_s,
        "gap_s": meters.gap_s,
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "id": episode.id,
        "leg": episode.leg,
        "kind": episode.kind,
        "start_s": frames_to_seconds(episode.start),
        "end_s": frames_to_seconds(episode.end),
        "peak_s": frames_to_seconds(episode.peak),
        "fear": _rounded(episode.fear, 2),
        "disgust": _rounded(episode.disgust, 2),
        "reason_en": episode.reason_en,
        "reason_zh": episode.reason_zh,
        "focus_fear": _focus(episode.focus_fear),
        "focus_disgust": _focus(episode.focus_disgust),
        "named": episode.stronger,
        "enhanced": episode.enhanced,
        "tie_break": _tie_break(episode.tie_break),
        "evidence": [asdict(piece) for piece in episode.evidence],
        "floor_rise": _rounded(episode.floor_rise, 2),
        "crossing_s": None if episode.crossing is None else frames_to_seconds(episode.crossing),
    }


def _focus(focus: Focus | None) -> dict[str, Any] | None:
    if focus is None:
        return None
    return {
        "start_s": frames_to_seconds(focus.start),
        "end_s": frames_to_seconds(focus.end),
        "score": _rounded(focus.score, 2),
    }


def _tie_break(tie: TieBreak | None) -> dict[str, Any] | None:
    if tie is None:
        return None
    points = {
        name: _rounded(getattr(tie, name), 2)
        for name in ("fear", "disgust", "similarity", "fear_enhanced", "disgust_enhanced")
    }
    start_s, end_s = frames_to_seconds(tie.start), frames_to_seconds(tie.end)
    return {"start_s": start_s, "end_s": end_s, **points, "centres": tie.centres}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
