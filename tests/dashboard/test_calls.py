from pathlib import Path

import pytest
import soundfile
from tests.stream.house import LONG_S, GatedEngine, spec
from tests.stream.sound import silence

from tonewatch.dashboard.settings import ServerSettings
from tonewatch.stream.settings import MonitorSettings

from .home import Home, home, recording, until


def test_the_demo_call_plays_with_two_legs_and_scores_the_customer_alone(house: Home) -> None:
    with house.http() as client:
        begun = client.post("/api/sessions", json={"source": "demo"}).json()
        assert begun["info"]["source"] == "demo"
        assert [leg["scored"] for leg in begun["info"]["legs"]] == [True, False]
        session = begun["session"]
        assert client.post(f"/api/sessions/{session}/stop").json() == {"session": session}
        until(lambda: house.parts.monitor.session(session) is None, "the end")
        again = client.post(f"/api/sessions/{session}/stop")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "not_live")


def test_the_demo_has_a_door_of_its_own(house: Home) -> None:
    with house.http() as client:
        answer = client.post("/api/demo")
        assert answer.status_code == 201
        client.post(f"/api/sessions/{answer.json()['session']}/stop")


def test_a_running_session_takes_orders(house: Home) -> None:
    session = house.parts.monitor.open(spec())
    url = f"/api/sessions/{session.id}"
    with house.http() as client:
        client.post(f"{url}/pause")
        assert session.info.state == "paused"
        client.post(f"{url}/resume")
        assert session.info.state == "live"
        client.patch(url, json={"name": "新名字"})
        assert session.info.name == "新名字"
        client.post(f"{url}/stop-scoring", json={"erase": True})
        assert session.scoring == ()
        client.post(f"{url}/stop")
    assert session.wait_closed(LONG_S)
    (line,) = [one for one in house.audit() if one["what"] == "scoring stopped"]
    assert (line["session"], line["detail"], line["who"]) == (
        session.id,
        {"erase": True},
        "127.0.0.1",
    )


@pytest.mark.parametrize("pace", ["live", "fast"])
def test_a_recording_in_an_allowed_folder_is_played(tmp_path: Path, pace: str) -> None:
    path = recording(tmp_path, channels=2)
    body = {"source": "recording", "path": str(path), "pace": pace, "legs": "agent,customer"}
    settings = ServerSettings(audio_dirs=(tmp_path,))
    with home(tmp_path / "outputs", server=settings) as house, house.http() as client:
        begun = client.post("/api/sessions", json=body).json()["info"]
        assert (begun["name"], begun["source"], begun["notice"]["method"]) == (
            "call",
            "recording",
            "test",
        )
        assert begun["pace"] == ("live" if pace == "live" else "file")
        assert [(leg["role"], leg["scored"]) for leg in begun["legs"]] == [
            ("agent", False),
            ("customer", True),
        ]
        if pace == "fast":
            until(lambda: house.parts.monitor.session(begun["id"]) is None, "the end")
            assert path.is_file()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "no_audio"),
        ({"path": "../../etc/passwd"}, 403, "not_allowed"),
        ({"path": "nothing.wav"}, 404, "no_file"),
        ({"path": "text.wav"}, 422, "recording"),
        ({"path": "call.wav", "legs": "a,b,c"}, 422, "recording"),
        ({"path": "call.wav", "pace": "slow"}, 422, "invalid"),
    ],
)
def test_a_recording_that_cannot_be_played_is_told(
    tmp_path: Path, body: dict[str, str], status: int, code: str
) -> None:
    recording(tmp_path)
    (tmp_path / "text.wav").write_text("not sound")
    if "path" in body:
        body = {**body, "path": str(tmp_path / body["path"])}
    settings = ServerSettings(audio_dirs=(tmp_path,))
    with home(tmp_path / "outputs", server=settings) as house, house.http() as client:
        answer = client.post("/api/sessions", json={"source": "recording", **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert not house.parts.monitor.sessions


def test_scoring_is_switched_on_again_where_people_were_told(house: Home) -> None:
    told = house.parts.monitor.open(spec())
    untold = house.parts.monitor.open(spec(notice=None))
    with house.http() as client:
        client.post(f"/api/sessions/{told.id}/stop-scoring")
        assert client.post(f"/api/sessions/{told.id}/start-scoring").status_code == 200
        until(lambda: told.scoring, "the scoring")
        url = f"/api/sessions/{untold.id}/start-scoring"
        refused = client.post(url)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_allowed")
        assert "notice" in refused.json()["error"]["way_out"]
        client.post(url, json={"notice": {"method": "spoken", "text": "We analyse this call."}})
        until(lambda: untold.scoring, "the scoring")
    notice = untold.info.notice
    assert notice is not None
    assert (notice.method, notice.set_by) == ("spoken", "page")
    lines = [one for one in house.audit() if one["what"] == "scoring started"]
    assert [(one["session"], one["detail"]["notice"]) for one in lines] == [
        (told.id, "as before"),
        (untold.id, "spoken"),
    ]


def test_an_uploaded_recording_plays_as_fast_as_it_can(house: Home, tmp_path: Path) -> None:
    path = recording(tmp_path, channels=2)
    with house.http() as client, path.open("rb") as file:
        form = {"pace": "fast", "legs": "agent, customer", "name": "Müller"}
        known = {"context": "a complaint", "profile": "medical"}
        data = form | known
        begun = client.post("/api/upload", files={"file": ("a b.wav", file)}, data=data).json()
    assert begun["info"]["context"] == "a complaint"
    assert begun["info"]["scene"]["profile"] == "medical"
    legs = [(leg["name"], leg["scored"]) for leg in begun["info"]["legs"]]
    assert (begun["info"]["name"], legs) == ("Müller", [("agent", False), ("customer", True)])
    folder = until(lambda: house.parts.store.folder(begun["session"]), "the folder")
    until((folder / "result.json").is_file, "the result")


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("notes.wav", b"this is no sound at all", 422, "notes.wav: not a sound file"),
        ("empty.wav", b"", 422, "empty"),
    ],
)
def test_what_is_no_recording_is_told_by_its_own_name(
    house: Home, name: str, content: bytes, status: int, words: str
) -> None:
    with house.http() as client:
        answer = client.post("/api/upload", files={"file": (name, content)})
    assert (answer.status_code, words in answer.json()["error"]["message"]) == (status, True)


def test_a_recording_without_samples_is_told(house: Home, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", silence(0.0), 16_000)
    with house.http() as client, (tmp_path / "none.wav").open("rb") as file:
        answer = client.post("/api/upload", files={"file": file})
    assert answer.status_code == 422


def test_legs_that_do_not_fit_are_told(house: Home, tmp_path: Path) -> None:
    with house.http() as client, recording(tmp_path).open("rb") as file:
        answer = client.post("/api/upload", files={"file": file}, data={"legs": "a,b"})
    assert answer.status_code == 422
    assert "name each channel once" in answer.json()["error"]["message"]


def test_a_scene_that_is_not_known_is_refused(house: Home, tmp_path: Path) -> None:
    with house.http() as client, recording(tmp_path).open("rb") as file:
        data = {"profile": "circus"}
        answer = client.post("/api/upload", files={"file": ("a.wav", file)}, data=data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "profile")


def test_no_upload_is_left_behind(
    house: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with house.http() as client:
        client.post("/api/upload", files={"file": ("no.wav", b"no sound")})
    assert list(tmp_path.glob("tonewatch_*")) == []


def test_one_session_too_many_is_told_with_a_time_to_come_back(tmp_path: Path) -> None:
    engine = GatedEngine()
    with home(tmp_path, engine, monitor=MonitorSettings(max_sessions=1)) as house:
        engine.go.set()
        house.parts.monitor.open(spec())
        with house.http() as client:
            answer = client.post("/api/demo")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "too_many")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("body", [{}, {"source": "radio"}, {"source": "demo", "name": "x" * 200}])
def test_an_order_that_makes_no_sense_is_told(house: Home, body: dict) -> None:
    with house.http() as client:
        assert client.post("/api/sessions", json=body).status_code == 422


def test_a_microphone_that_is_not_there_is_told(house: Home) -> None:
    with house.http() as client:
        body = {"source": "microphone", "device": "no such microphone"}
        answer = client.post("/api/sessions", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "microphone")


def test_a_session_begins_with_its_context_and_profile(house: Home) -> None:
    body = {"source": "demo", "context": "火灾", "profile": "emergency"}
    with house.http() as client:
        answer = client.post("/api/sessions", json=body)
        assert answer.status_code == 201
        info = answer.json()["info"]
        client.post(f"/api/sessions/{info['id']}/stop")
        wrong = client.post("/api/sessions", json={"source": "demo", "profile": "opera"})
    assert info["context"] == "火灾"
    assert info["scene"]["profile"] == "emergency"
    assert info["scene"]["shifts"] == {"fearful": 0.6}
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "profile")
