import asyncio
import errno
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from tonewatch.dashboard.errors import ApiError, install

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Ask:
    app = FastAPI()
    install(app)
    faults = {
        "api": ApiError(418, "teapot", "no coffee", "ask for tea", headers={"Retry-After": "1"}),
        "full": OSError(errno.ENOSPC, "No space left on device", "/data"),
        "disk": OSError(errno.EROFS, "Read-only file system", "/data"),
        "bug": ZeroDivisionError("division by zero"),
    }

    @app.get("/{name}")
    def broken(name: str, number: int = 0) -> None:
        raise faults[name]

    def ask(path: str, method: str = "GET") -> httpx.Response:
        async def answer() -> httpx.Response:
            door = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=door, base_url="http://test") as client:
                return await client.request(method, path)

        return asyncio.run(answer())

    return ask


@pytest.mark.parametrize(
    ("path", "status", "code", "word"),
    [
        ("/api", 418, "teapot", "no coffee"),
        ("/full", 507, "disk", "/data: No space"),
        ("/disk", 500, "disk", "Read-only"),
        ("/bug", 500, "internal", "ZeroDivisionError"),
        ("/api?number=x", 422, "invalid", "query.number"),
        ("/a/b", 404, "http", "/a/b"),
    ],
)
def test_every_error_has_the_one_shape(
    ask: Ask, path: str, status: int, code: str, word: str
) -> None:
    answer = ask(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(error) == {"code", "message", "way_out"}
    assert word in error["message"]
    assert "\n" not in error["message"]


def test_headers_of_an_error_are_kept(ask: Ask) -> None:
    assert ask("/api").headers["retry-after"] == "1"
    assert "GET" in ask("/api", "POST").headers["allow"]
