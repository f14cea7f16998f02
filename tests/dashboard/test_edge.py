import pytest

from tonewatch.dashboard.edge import HEADERS, SMALL
from tonewatch.dashboard.settings import ServerSettings

from .home import Home, home


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory):
    with home(tmp_path_factory.mktemp("small"), server=ServerSettings(upload_mb=1)) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/api/status", "/nowhere", "/assets/none.js", "/api/docs"])
def test_every_answer_forbids_other_origins(house: Home, path: str) -> None:
    with house.http() as client:
        headers = client.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'self'" in headers["content-security-policy"]


def test_a_refusal_carries_the_headers_too(house: Home) -> None:
    with house.http() as client:
        answer = client.get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (403, "nosniff")


@pytest.mark.parametrize("path", ["/api/upload", "/api/predict"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_recording_that_is_too_large_is_refused(small: Home, path: str, announced: bool) -> None:
    with small.http() as client:
        form = {"file": ("call.wav", b"x" * (3 << 20))}
        request = client.build_request("POST", path, files=form)
        if not announced:
            content = request.read()
            headers = {"Content-Type": request.headers["content-type"]}
            request = client.build_request("POST", path, content=iter([content]), headers=headers)
        answer = client.send(request)
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.json()["error"]["message"]
    assert "upload_mb" in answer.json()["error"]["way_out"]


def test_other_requests_are_short(house: Home) -> None:
    with house.http() as client:
        answer = client.post("/api/sessions", content=b"x" * (SMALL + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
