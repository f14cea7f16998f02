import re
from collections.abc import Iterable
from pathlib import Path

from tonewatch.stream.events import json_schema
from tonewatch.stream.sources.pcm_messages import CODES, RATES, Hello, Resume

from .home import Home

DOCS = Path(__file__).parents[2] / "docs"


def test_every_door_stands_in_the_documentation_which_fetches_nothing(house: Home) -> None:
    with house.http() as client:
        page = client.get("/api/docs").text
        paths = client.get("/api/openapi.json").json()["paths"]
    assert len(paths) > 15
    assert [path for path in paths if path not in page] == []
    assert re.findall(r"https?://", page) == []


def test_every_door_says_what_it_does(house: Home) -> None:
    with house.http() as client:
        paths = client.get("/api/openapi.json").json()["paths"]
    silent = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method, door in methods.items()
        if not door.get("description")
    ]
    assert silent == []


def test_a_prediction_documents_its_two_forms(house: Home) -> None:
    with house.http() as client:
        door = client.get("/api/openapi.json").json()["paths"]["/api/predict"]["post"]
    forms = door["requestBody"]["content"]
    assert set(forms) == {"multipart/form-data", "application/json"}
    assert "file" in forms["multipart/form-data"]["schema"]["properties"]


def named(page: str, words: Iterable[str]) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [word for word in words if f"`{word}`" not in text]


def test_the_page_on_the_live_socket_names_every_message() -> None:
    kinds = json_schema()["anyOf"][0]["discriminator"]["mapping"]
    assert named("live-protocol.md", [*kinds, "snapshot", "pong"]) == []


def test_the_page_on_sending_names_every_field_and_close_code() -> None:
    assert named("ingest-protocol.md", {*Hello.model_fields, *Resume.model_fields}) == []
    text = (DOCS / "ingest-protocol.md").read_text(encoding="utf-8")
    assert [code for code in CODES if str(code) not in text] == []
    assert [rate for rate in RATES if str(rate) not in text] == []
