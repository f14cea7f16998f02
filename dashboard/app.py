"""The ASGI application, put together from its routes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.datastructures import Headers
from starlette.middleware import Middleware

from . import calls, docs, errors, loop, pages, past, predict, reviews, state
from .answers import ErrorAnswer
from .auth import Guard, Logins, bearer, check_exposure
from .edge import Edge
from .ingest import Sender, watch
from .live import SEND_TIMEOUT_S, Encoder, Viewer
from .metrics import Meters
from .parts import Parts


def create_app(parts: Parts, *, version: str, send_timeout_s: float = SEND_TIMEOUT_S) -> FastAPI:
    """The application; the rooms behind it are started and stopped by whoever made them.

    A viewer that takes nothing for `send_timeout_s` is dropped. Raises ServerSettingsError for an
    open address without a token.
    """
    check_exposure(parts.server)
    logins = Logins(parts.server.token, time.monotonic)
    meters = Meters(parts)
    app = FastAPI(
        title="Tonewatch",
        version=version,
        summary="A real-time emotion monitor for live calls",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan(parts, meters),
        middleware=[
            Middleware(Edge, upload_mb=parts.server.upload_mb),
            Middleware(Guard, settings=parts.server, logins=logins),
        ],
        responses={"default": {"model": ErrorAnswer, "description": "What is wrong"}},
    )
    errors.install(app)
    app.include_router(calls.routes(parts))
    app.include_router(past.routes(parts))
    app.include_router(predict.routes(parts))
    app.include_router(reviews.routes(parts))
    app.include_router(loop.routes(parts))
    app.include_router(state.routes(parts, meters))
    app.include_router(docs.routes())
    app.include_router(pages.routes(parts, logins))
    _sockets(app, parts, logins, send_timeout_s)
    return app


def _lifespan(parts: Parts, meters: Meters) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch(parts.directory))
        try:
            yield
        finally:
            watching.cancel()
            meters.close()

    return lifespan


def _sockets(app: FastAPI, parts: Parts, logins: Logins, send_timeout_s: float) -> None:
    encoder = Encoder()

    def token_is_good(token: str) -> bool:
        return not parts.server.token or logins.is_token(token)

    @app.websocket("/ws/live")
    async def live(socket: WebSocket) -> None:
        viewer = Viewer(socket, parts.bus, parts.board, encoder, send_timeout_s=send_timeout_s)
        await viewer.serve()

    @app.websocket("/ingest/v1")
    async def ingest(socket: WebSocket) -> None:
        headers = Headers(scope=socket.scope)
        # The page's own microphone: whoever has logged in may send.
        token = parts.server.token if logins.has_cookie(headers) else bearer(headers)
        await Sender(socket, parts.directory, token_is_good, token).serve()
