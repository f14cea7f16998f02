import re

from .home import Home


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
