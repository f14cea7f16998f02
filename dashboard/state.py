"""How the monitor is: health, counters, settings in force."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response

from ..stream.events import EngineStatus, Fault
from .answers import Health, NoticeText, Problem, SettingsInForce
from .metrics import Meters
from .parts import Parts


def routes(parts: Parts, meters: Meters) -> APIRouter:
    """Routes of the monitor's state."""
    router = APIRouter(tags=["state"])

    @router.get("/healthz")
    def healthz(response: Response) -> Health:
        """Whether the monitor works, and on what; 503 only where nothing can be scored."""
        found = health(parts.monitor.status(), parts.board.faults())
        if found.status == "fault":
            response.status_code = 503
        return found

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(meters.text(), media_type=meters.media_type)

    @router.get("/api/status")
    def status() -> EngineStatus:
        """Engine, queues, latency."""
        return parts.monitor.status()

    @router.get("/api/notice")
    def notice() -> NoticeText:
        """What people are told before their voice is analysed."""
        return NoticeText(text=parts.stream.monitor.notice)

    @router.get("/api/settings")
    def settings() -> SettingsInForce:
        """The settings in force, secrets hidden."""
        server: dict[str, Any] = parts.server.model_dump(mode="json")
        server["token"] = "set" if parts.server.token else ""
        return SettingsInForce(server=server, stream=parts.stream.model_dump(mode="json"))

    return router


def health(status: EngineStatus, faults: Sequence[Fault]) -> Health:
    """Health from the engine's status and what is broken.

    Whoever asks may not be known, so sessions are counted and never named.
    """
    common = [Problem(code=f.code, message=f.message, sessions=0) for f in faults if not f.session]
    counts = Counter(fault.code for fault in faults if fault.session)
    single = [
        Problem(code=code, message=f"in {n} session(s): see the monitor's page or log", sessions=n)
        for code, n in sorted(counts.items())
    ]
    broken = any(problem.code == "engine" for problem in common)
    return Health(
        status="fault" if broken else "degraded" if faults else "ok",
        loading=status.loading,
        model=status.model,
        provider=status.provider,
        sessions=status.sessions,
        faults=(*common, *single),
    )
