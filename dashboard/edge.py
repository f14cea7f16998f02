"""What every answer carries, and how much a request may bring."""

import json
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ApiError, body

SMALL: Final = 1 << 20
"""Bytes of a request that brings no recording."""
FORM: Final = 1 << 16
"""Bytes that a form may have beside the recording."""
UPLOADS: Final = ("/api/upload", "/api/predict")

HEADERS: Final = {
    # Nothing comes from elsewhere. Inline styles: pages made here bring their few lines of style.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Edge:
    """ASGI middleware: security headers on every answer, a limit on every request's body."""

    def __init__(self, app: ASGIApp, *, upload_mb: int) -> None:
        self._app = app
        self._upload_mb = upload_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        uploads = scope["path"] in UPLOADS
        limit = (self._upload_mb << 20) + FORM if uploads else SMALL
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > limit:
            await answer(marked, 413, too_large(self._upload_mb) if uploads else _too_long())
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise too_large(self._upload_mb) if uploads else _too_long()
            return message

        await self._app(scope, counted, marked)


def too_large(upload_mb: int) -> ApiError:
    """The error for a recording beyond the limit."""
    return ApiError(
        413,
        "too_large",
        f"the recording is larger than {upload_mb} MB",
        "raise server.upload_mb, or use tonewatch analyze",
    )


def _too_long() -> ApiError:
    return ApiError(413, "too_large", f"a request holds {SMALL >> 20} MB at most")


async def answer(send: Send, status: int, error: ApiError) -> None:
    """An error, answered outside the application."""
    content = json.dumps(body(error.code, error.message, error.way_out)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
