"""One error shape for everything that the server answers: code, sentence, way out."""

import errno
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException


class ApiError(HTTPException):
    """A request that cannot be answered, and what to do about it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        way_out: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """`facts`: what a program needs to go on, beside the error."""
        super().__init__(status, message, headers)
        self.facts = dict(facts or {})
        self.code, self.message, self.way_out = code, message, way_out


def body(code: str, message: str, way_out: str = "") -> dict[str, Any]:
    """The error shape."""
    return {"error": {"code": code, "message": message, "way_out": way_out}}


def first_line(error: ValidationError | RequestValidationError) -> str:
    """What is wrong with the first field that is wrong, in one line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def install(app: FastAPI) -> None:
    """Make every error of the application take the one shape."""

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        content = body(error.code, error.message, error.way_out) | error.facts
        return JSONResponse(content, error.status_code, headers=error.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}: {error.detail}"
        content = body("http", what, "see /api/docs")
        return JSONResponse(content, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(body("invalid", first_line(error), "see /api/docs"), 422)

    @app.exception_handler(OSError)
    async def _disk(_: Request, error: OSError) -> JSONResponse:
        what = f"{error.filename or 'the disk'}: {error.strerror or error}"
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        way_out = "make room" if full else "check the output folder and its rights"
        return JSONResponse(body("disk", what, way_out), 507 if full else 500)

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> JSONResponse:
        # The trace goes to the log; here only the fact.
        what = f"the server failed on this request ({type(error).__name__})"
        return JSONResponse(body("internal", what, "see the server's log"), 500)
