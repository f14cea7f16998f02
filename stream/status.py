"""The engine and the queues in one line of state, once a second."""

from typing import Literal

from ..models.engine import Engine
from ..models.manifest import Manifest
from .engine_thread import EngineStatistics
from .events import EngineStatus
from .latency import Latency
from .law import banner
from .settings import StreamSettings


def engine_status(
    manifest: Manifest,
    engine: Engine | None,
    counts: EngineStatistics,
    latency: Latency,
    settings: StreamSettings,
    *,
    loading: bool,
    sessions: int,
    dropped: int,
    way_up: str,
) -> EngineStatus:
    """What everybody may know of the engine; `engine` is None until it is loaded."""
    return EngineStatus(
        model=manifest.name,
        version=manifest.version,
        provider=engine.provider if engine is not None else "",
        precision=manifest.precision,
        loading=loading,
        licence=manifest.licence.name,
        licence_notice=manifest.licence.notice,
        commercial_use=manifest.licence.commercial_use,
        hop_ms=settings.window.hop_step_ms * counts.pace,
        windows=counts.windows,
        superseded=counts.superseded,
        dropped=dropped,
        latency_p50_ms=latency.p50,
        latency_p95_ms=latency.p95,
        latency_p99_ms=latency.p99,
        sessions=sessions,
        max_sessions=settings.monitor.max_sessions,
        way_up=way_up,
        decision_off=_decision_off(manifest, settings),
        score_agent=banner(settings.monitor),
    )


def _decision_off(manifest: Manifest, settings: StreamSettings) -> Literal["", "settings", "model"]:
    if not settings.decision.enabled:
        return "settings"
    return "" if {"fearful", "disgusted"} <= set(manifest.known) else "model"
