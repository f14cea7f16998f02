"""Who may talk to the server.

On loopback without a token everybody on the machine may. With a token, people log in once (a
cookie), programs send `Authorization: Bearer`. Pages of other origins may neither open sockets nor
change anything, and on loopback other host names are refused (DNS rebinding).
"""

import ipaddress
import json
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import body
from .settings import ServerSettings

COOKIE: Final = "tonewatch"
OPEN_PATHS: Final = ("/login", "/healthz", "/assets/")
SENDER_PATH: Final = "/ingest/v1"
"""Checks the token of its first message itself."""
TRIES: Final = 5
"""Failed log-ins a minute before further ones are refused."""


class ServerSettingsError(ValueError):
    """The server would be open to others without a token."""


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: ServerSettings) -> None:
    """Any address but loopback needs a token. Raises ServerSettingsError."""
    if not is_loopback(settings.host) and not settings.token:
        raise ServerSettingsError(
            f"--host {settings.host} would let others in: set server.token (a long random text), "
            "and note that a browser gives its microphone to HTTPS pages only"
        )


class Logins:
    """Cookies given out, and failed tries; used on the event loop alone."""

    def __init__(self, token: str, now: Callable[[], float]) -> None:
        self._token, self._now = token, now
        self._cookies: set[str] = set()
        self._failures: deque[float] = deque(maxlen=TRIES)

    def log_in(self, token: str) -> str | None:
        """A new cookie for the right token; None for a wrong one, or after too many."""
        now = self._now()
        if len(self._failures) == TRIES and now - self._failures[0] < 60:
            return None
        if not self.is_token(token):
            self._failures.append(now)
            return None
        cookie = secrets.token_urlsafe(24)
        self._cookies.add(cookie)
        return cookie

    def is_token(self, token: str) -> bool:
        """Whether it is the configured token, compared in constant time."""
        return secrets.compare_digest(token.encode(), self._token.encode())

    def known(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings the token or a cookie; always, where no token is set."""
        if not self._token:
            return True
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(bearer):
            return True
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        return morsel is not None and morsel.value in self._cookies


class Guard:
    """ASGI middleware that refuses what may not come in."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, logins: Logins) -> None:
        self._app, self._settings, self._logins = app, settings, logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401/403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": refusal[1]})
        elif refusal[0] == 401 and "text/html" in headers.get("accept", ""):
            await _answer(send, 303, b"", [(b"location", b"/login")])
        else:
            content = json.dumps(body("refused", refusal[1], refusal[2])).encode()
            await _answer(send, refusal[0], content, [(b"content-type", b"application/json")])

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if is_loopback(self._settings.host) and not self._settings.token and not is_loopback(name):
            return 403, f"host {name!r} is not this machine", "open http://127.0.0.1 instead"
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and origin and not self._same_origin(origin, host):
            return 403, f"origin {origin} may not do this", "add it to server.origins"
        path = scope["path"]
        if path == SENDER_PATH or path.startswith(OPEN_PATHS):
            return None
        if not self._logins.known(headers):
            return 401, "a token is needed", "log in at /login, or send Authorization: Bearer"
        return None

    def _same_origin(self, origin: str, host: str) -> bool:
        return urlsplit(origin).netloc == host or origin in self._settings.origins


async def _answer(
    send: Send, status: int, content: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": content})
