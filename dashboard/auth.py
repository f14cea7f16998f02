"""Who may talk to the server.

On loopback without a token everybody on the machine may. With a token, people log in once (a
cookie), programs send `Authorization: Bearer`. Pages of other origins may neither open sockets nor
change anything, and on loopback other host names are refused (DNS rebinding).
"""

import ipaddress
import json
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import body
from .settings import ServerSettings

COOKIE: Final = "tonewatch"
OPEN_PATHS: Final = ("/login", "/healthz", "/assets/")
SENDER_PATH: Final = "/ingest/v1"
"""Checks the token of its first message itself."""
TRIES: Final = 5
"""Failed log-ins of one address in a minute before further ones are refused."""
ADDRESSES: Final = 1000
"""Addresses whose failures are remembered."""
COOKIE_S: Final = 30 * 24 * 3600
"""Seconds until people have to log in again."""


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
        self._cookies: dict[str, float] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def log_in(self, token: str, address: str = "") -> str | None:
        """A new cookie for the right token; None for a wrong one, or after too many."""
        now = self._now()
        failures = self._failures.get(address) or deque(maxlen=TRIES)
        if len(failures) == TRIES and now - failures[0] < 60:
            return None
        if not self.is_token(token):
            failures.append(now)
            self._failures[address] = failures
            self._failures.move_to_end(address)
            if len(self._failures) > ADDRESSES:
                self._failures.popitem(last=False)
            return None
        self._cookies = {made: until for made, until in self._cookies.items() if until > now}
        cookie = secrets.token_urlsafe(24)
        self._cookies[cookie] = now + COOKIE_S
        return cookie

    def log_out(self, headers: Mapping[str, str]) -> None:
        """The cookie that a request brings is good no more."""
        self._cookies.pop(_cookie(headers), None)

    def is_token(self, token: str) -> bool:
        """Whether it is the configured token, compared in constant time."""
        return secrets.compare_digest(token.encode(), self._token.encode())

    def has_cookie(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings a cookie that was given out."""
        return self._cookies.get(_cookie(headers), 0.0) > self._now()

    def known(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings the token or a cookie; always, where no token is set."""
        return not self._token or self.is_token(bearer(headers)) or self.has_cookie(headers)


def bearer(headers: Mapping[str, str]) -> str:
    """The token of `Authorization: Bearer`; empty without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(headers: Mapping[str, str]) -> str:
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


class Guard:
    """ASGI middleware that refuses what may not come in."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, logins: Logins) -> None:
        self._app, self._settings, self._logins = app, settings, logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401/403; people without a cookie are led to the log-in page."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, what, way_out = refusal
        content = json.dumps(body("refused", what, way_out)).encode()
        told = [(b"content-type", b"application/json")]
        if scope["type"] == "websocket":
            await _answer(send, "websocket.http.response", status, content, told)
        elif status == 401 and "text/html" in headers.get("accept", ""):
            await _answer(send, "http.response", 303, b"", [(b"location", b"/login")])
        else:
            told += [(b"www-authenticate", b"Bearer")] if status == 401 else []
            await _answer(send, "http.response", status, content, told)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        host = headers.get("host", "")
        name = _host_name(host)
        if is_loopback(self._settings.host) and not self._settings.token and not is_loopback(name):
            return 403, f"host {name!r} is not this machine", "open http://127.0.0.1 instead"
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and origin is not None and not self._same_origin(origin, host):
            return 403, f"origin {origin} may not do this", "add it to server.origins"
        path = scope["path"]
        if path == SENDER_PATH or path.startswith(OPEN_PATHS):
            return None
        if not self._logins.known(headers):
            return 401, "a token is needed", "log in at /login, or send Authorization: Bearer"
        return None

    def _same_origin(self, origin: str, host: str) -> bool:
        if origin in self._settings.origins:
            return True
        try:
            return bool(host) and urlsplit(origin).netloc == host
        except ValueError:
            return False


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _answer(
    send: Send, kind: str, status: int, content: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": f"{kind}.start", "status": status, "headers": [*headers, length]})
    await send({"type": f"{kind}.body", "body": content})
