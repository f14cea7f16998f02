"""A file that grows while it is sent."""

import os
from pathlib import Path

import anyio
import httpx
import pytest

from tonewatch.dashboard.growing import GrowingFileResponse


@pytest.mark.parametrize(
    ("asked", "told"),
    [({}, b"first"), ({"range": "bytes=2-"}, b"rst"), ({"range": "bytes=0-1"}, b"fi")],
)
def test_what_came_after_the_length_was_told_is_left_out(
    tmp_path: Path, asked: dict[str, str], told: bytes
) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"first")
    before = os.stat(path)
    path.write_bytes(b"first and more")
    response = GrowingFileResponse(path, stat_result=before)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=response)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/", headers=asked)

    answer = anyio.run(ask)
    assert answer.content == told
    assert int(answer.headers["content-length"]) == len(told)
