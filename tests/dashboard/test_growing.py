"""A file that grows while it is sent."""

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

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
    with TestClient(Starlette(routes=[Route("/", lambda _: response)])) as client:
        answer = client.get("/", headers=asked)
    assert answer.content == told
    assert int(answer.headers["content-length"]) == len(told)
