from dataclasses import is_dataclass

from tonewatch.dashboard.answers import ALL

from .home import Home


def test_answers_are_frozen_and_have_names_of_their_own() -> None:
    assert all(is_dataclass(one) and one.__dataclass_params__.frozen for one in ALL)  # type: ignore[attr-defined]
    assert len({one.__name__ for one in ALL}) == len(ALL)


def test_the_documentation_names_what_each_door_answers(house: Home) -> None:
    with house.http() as client:
        described = client.get("/api/openapi.json").json()
    doors = described["paths"]

    def answer(path: str, method: str, status: str = "200") -> str:
        content = doors[path][method]["responses"][status]["content"]["application/json"]
        return str(content["schema"]["$ref"]).rpartition("/")[2]

    assert answer("/api/sessions", "get") == "Found"
    assert answer("/api/sessions", "post", "201") == "Begun"
    assert answer("/api/sessions/{session}", "get") == "Kept"
    assert answer("/api/sessions/{session}", "delete") == "Receipt"
    assert answer("/api/sessions/{session}/frames", "get") == "Points"
    assert answer("/healthz", "get") == "Health"
    assert answer("/api/demo", "post", "default") == "ErrorAnswer"
