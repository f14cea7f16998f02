"""The ASGI application, put together from its routes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from prometheus_client import CollectorRegistry
from starlette.datastructures import Headers
from starlette.middleware import Middleware

from . import calls, docs, errors, pages, past, predict
from .auth import COOKIE, Guard, Logins, check_exposure
from .ingest import Sender, watch
from .live import Encoder, Viewer
from .metrics import Counters, exposition
from .parts import Parts

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
"""Nothing comes from elsewhere. Inline styles: uPlot and Preact set them on elements."""


def create_app(parts: Parts, *, version: str) -> FastAPI:
    """The application; the rooms behind it are started and stopped by whoever made them.

    Raises ServerSettingsError for an open address without a token.
    """
    check_exposure(parts.server)
    logins = Logins(parts.server.token, time.monotonic)
    app = FastAPI(
        title="Tonewatch",
        version=version,
        summary="A real-time emotion monitor for live calls",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan(parts),
        middleware=[Middleware(Guard, settings=parts.server, logins=logins)],
    )
    errors.install(app)
    app.include_router(calls.routes(parts))
    app.include_router(past.routes(parts))
    app.include_router(predict.routes(parts))
    _state_routes(app, parts)
    _sockets(app, parts, logins)
    app.include_router(docs.routes())
    app.include_router(pages.routes(parts, logins))

    @app.middleware("http")
    async def policy(request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault("Referrer-Policy", "no-referrer")
        return answer

    return app


def _lifespan(parts: Parts) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch(parts.directory))
        try:
            yield
        finally:
            watching.cancel()

    return lifespan


def _state_routes(app: FastAPI, parts: Parts) -> None:
    registry = CollectorRegistry()
    registry.register(Counters(parts))

    @app.get("/healthz", tags=["state"])
    def healthz(response: Response) -> dict[str, Any]:
        """Whether the monitor works, and on what."""
        status, faults = parts.monitor.status(), parts.board.snapshot().faults
        active = [fault.message for fault in faults if fault.active]
        if active:
            response.status_code = 503
        return {
            "status": "fault" if active else "ok",
            "faults": active,
            "loading": status.loading,
            "model": status.model,
            "provider": status.provider,
            "sessions": status.sessions,
        }

    @app.get("/metrics", tags=["state"])
    def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(exposition(registry), media_type="text/plain; version=0.0.4")

    @app.get("/api/status", tags=["state"])
    def status() -> Any:
        """Engine, queues, latency."""
        return parts.monitor.status()

    @app.get("/api/notice", tags=["state"])
    def notice() -> dict[str, str]:
        """What people are told before their voice is analysed."""
        return {"text": parts.stream.monitor.notice}

    @app.get("/api/settings", tags=["state"])
    def settings() -> dict[str, Any]:
        """The settings in force, secrets hidden."""
        server = parts.server.model_dump(mode="json")
        server["token"] = "set" if parts.server.token else ""
        return {"server": server, "stream": parts.stream.model_dump(mode="json")}


def _sockets(app: FastAPI, parts: Parts, logins: Logins) -> None:
    encoder = Encoder()

    def token_is_good(token: str) -> bool:
        return not parts.server.token or logins.is_token(token)

    @app.websocket("/ws/live")
    async def live(socket: WebSocket) -> None:
        await Viewer(socket, parts.bus, parts.board, encoder).serve()

    @app.websocket("/ingest/v1")
    async def ingest(socket: WebSocket) -> None:
        headers = Headers(scope=socket.scope)
        _, _, token = headers.get("authorization", "").partition(" ")
        if COOKIE in headers.get("cookie", "") and logins.known(headers):
            # The page's own microphone: whoever has logged in may send.
            token = parts.server.token
        await Sender(socket, parts.directory, token_is_good, token).serve()
