"""The page, its assets, the log-in page, and API documentation served from here alone."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from .auth import COOKIE, COOKIE_S, Logins
from .errors import ApiError
from .parts import Parts

VIEWS: Final = ("/", "/calls/{rest:path}", "/review", "/sessions", "/sessions/{rest:path}", "/demo")

_DIGEST: Final = re.compile(r"-[\w-]{8}\.\w+$")
"""What Vite puts into the names of files that it made: their content never changes."""
_STYLE: Final = (
    "body{font:16px system-ui;max-width:28rem;margin:20vh auto;padding:0 1rem}"
    "input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}"
)
LOGIN = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Tonewatch: log in</title>"
    '<meta name=viewport content="width=device-width"><link rel=stylesheet href=/assets/login.css>'
    "<h1>Tonewatch</h1><form method=post action=/login><label for=token>Token</label>"
    "<input id=token name=token type=password autocomplete=current-password required autofocus>"
    "<button>Log in</button></form>"
)
NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>Tonewatch</title><h1>The page is not built</h1>"
    "<p>Run <code>make page</code>, or install the wheel. "
    "The API works: <a href=/api/docs>docs</a>."
)


def routes(parts: Parts, logins: Logins) -> APIRouter:
    """Everything that a browser opens."""
    router = APIRouter(include_in_schema=False)
    index = parts.static / "index.html"

    async def page() -> Response:
        if not index.is_file():
            return HTMLResponse(NOT_BUILT, 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    for view in VIEWS:
        router.add_api_route(view, page, methods=["GET"])

    @router.get("/assets/login.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css")

    @router.get("/assets/{name:path}")
    async def asset(name: str) -> FileResponse:
        home = (parts.static / "assets").resolve()
        path = (home / name).resolve()
        if not path.is_relative_to(home) or not path.is_file():
            raise ApiError(404, "no_asset", f"no asset {name}", "reload the page")
        kept = "public, max-age=31536000, immutable" if _DIGEST.search(name) else "no-cache"
        return FileResponse(path, headers={"Cache-Control": kept})

    @router.get("/login")
    async def login_page() -> HTMLResponse:
        return HTMLResponse(LOGIN)

    @router.post("/login")
    async def login(request: Request, token: Annotated[str, Form()]) -> Response:
        cookie = logins.log_in(token, request.client.host if request.client else "")
        if cookie is None:
            return HTMLResponse(LOGIN + "<p role=alert>That is not the token, or try later.", 401)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, cookie, max_age=COOKIE_S, httponly=True, samesite="strict", secure=secure
        )
        return answer

    @router.post("/logout")
    async def logout(request: Request) -> Response:
        logins.log_out(request.headers)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer

    return router
