"""One error shape for everything that the server answers: code, sentence, way out."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class ApiError(Exception):
    """A request that cannot be answered, and what to do about it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        way_out: str = "",
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.way_out, self.headers = way_out, headers


def body(code: str, message: str, way_out: str = "") -> dict[str, Any]:
    """The error shape."""
    return {"error": {"code": code, "message": message, "way_out": way_out}}


def install(app: FastAPI) -> None:
    """Make every error of the application take the one shape."""

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> JSONResponse:
        return JSONResponse(
            body(error.code, error.message, error.way_out), error.status, headers=error.headers
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}: {error.detail}"
        return JSONResponse(body("http", what, "see /api/docs"), error.status_code)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse(body("invalid", f"{where}: {first['msg']}", "see /api/docs"), 422)
