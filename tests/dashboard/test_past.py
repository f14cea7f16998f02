import io
import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.house import LONG_S, feed, spec
from tests.stream.sound import voice

from tonewatch.dashboard.past import zipped
from tonewatch.stream.record.card import read_card, write_card
from tonewatch.stream.session import Session

from .home import Home, home, said, until


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Session]]:
    with home(tmp_path_factory.mktemp("archive")) as house:
        yield house, house.past("customer", "agent", name="desk 7 Иван")


def test_sessions_are_found_by_name_and_date(archive: tuple[Home, Session]) -> None:
    house, session = archive
    with house.http() as client:

        def found(**terms: str) -> list[str]:
            answer = client.get("/api/sessions", params=terms).json()
            return [one["id"] for one in answer["sessions"]]

        assert session.id in found()
        assert session.id in found(query="иван") or session.id in found(query="Иван")
        assert found(query="nobody") == []
        day = session.info.started_at[:10]
        assert session.id in found(**{"from": day})
        assert found(to=day) == []
        assert found(page="2") == []


def test_a_session_is_told_whole_and_looking_at_it_is_logged(
    archive: tuple[Home, Session],
) -> None:
    house, session = archive
    with house.http() as client:
        kept = client.get(f"/api/sessions/{session.id}").json()
        assert kept["session"]["id"] == kept["info"]["id"] == session.id
        assert kept["result"]["emotion"] == kept["session"]["emotion"]
        assert kept["episodes"] == client.get(f"/api/sessions/{session.id}/episodes").json()
    customer, agent = kept["speech"]
    assert [(leg["leg"], leg["role"]) for leg in (customer, agent)] == [
        ("customer", "customer"),
        ("agent", "agent"),
    ]
    for leg, told in zip((customer, agent), kept["result"]["legs"], strict=True):
        assert leg["spans"]
        assert sum(stop - start for start, stop in leg["spans"]) == pytest.approx(told["talk_s"])
        assert set(leg) == {"leg", "role", "spans"}, "nothing of an agent but when he spoke"
    assert ("viewed", session.id) in [(one["what"], one["session"]) for one in house.audit()]


def test_the_curve_comes_at_the_step_that_is_asked_for(archive: tuple[Home, Session]) -> None:
    house, session = archive
    url = f"/api/sessions/{session.id}/frames"
    with house.http() as client:
        fine = client.get(url, params={"step": 2}).json()
        coarse = client.get(url, params={"step": 20, "start": 40, "stop": 100}).json()
        agent = client.get(url, params={"leg": "agent"}).json()
        beyond = client.get(url, params={"start": 10**9}).json()
    assert len(fine["scores"]) > 50
    assert (coarse["start"], coarse["step"], len(coarse["scores"])) == (40, 20, 3)
    assert agent["scores"] == beyond["scores"] == []


def test_an_answer_does_not_grow_without_end(
    archive: tuple[Home, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, session = archive
    monkeypatch.setattr("tonewatch.dashboard.past.MOST_POINTS", 10)
    with house.http() as client:
        answer = client.get(f"/api/sessions/{session.id}/frames", params={"step": 1})
    assert (answer.status_code, "raise step" in answer.text) == (422, True)


def test_sound_is_played_from_any_place_and_logged_once(archive: tuple[Home, Session]) -> None:
    house, session = archive
    url = f"/api/sessions/{session.id}/audio/customer.wav"
    with house.http() as client:
        whole = client.get(url)
        part = client.get(url, headers={"Range": "bytes=44-47"})
        agent = client.get(f"/api/sessions/{session.id}/audio/agent.wav")
    assert (whole.headers["content-type"], whole.content[:4]) == ("audio/wav", b"RIFF")
    assert (part.status_code, part.content) == (206, whole.content[44:48])
    assert agent.status_code == 200
    heard = [one["detail"]["leg"] for one in house.audit() if one["what"] == "listened"]
    assert heard == ["customer", "agent"]


def test_a_folder_is_taken_home_as_zip_without_embeddings(archive: tuple[Home, Session]) -> None:
    house, session = archive
    folder = house.parts.store.folder(session.id)
    assert folder is not None
    with house.http() as client:
        answer = client.get(f"/api/sessions/{session.id}/download")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as taken:
        assert taken.testzip() is None
        names = {Path(name).name for name in taken.namelist()}
        assert json.loads(taken.read(f"{folder.name}/result.json"))["emotion"]
    assert {"processed_audio.wav", "agent.wav", "result.json", "events.jsonl"} <= names


def test_embeddings_are_taken_only_when_named(tmp_path: Path) -> None:
    for name in ("embedding.npy", "other.embedding.npy", "result.json"):
        (tmp_path / name).write_bytes(b"x")

    def names(embedding: bool) -> int:
        content = b"".join(zipped(tmp_path, embedding=embedding))
        return len(zipfile.ZipFile(io.BytesIO(content)).namelist())

    assert (names(embedding=False), names(embedding=True)) == (1, 3)


@pytest.mark.parametrize(
    "path",
    ["", "/episodes", "/frames", "/audio/customer.wav", "/download"],
)
def test_what_is_not_there_is_told(house: Home, path: str) -> None:
    with house.http() as client:
        answer = client.get(f"/api/sessions/none{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_session")


@pytest.mark.parametrize("leg", ["none", "..%2Faudit", "%2e%2e"])
def test_no_leg_leads_out_of_the_folder(archive: tuple[Home, Session], leg: str) -> None:
    house, session = archive
    with house.http() as client:
        answer = client.get(f"/api/sessions/{session.id}/audio/{leg}.wav")
    assert answer.status_code == 404


def test_a_past_session_is_renamed(archive: tuple[Home, Session]) -> None:
    house, session = archive
    with house.http() as client:
        before = client.get(f"/api/sessions/{session.id}").json()
        with house.viewer() as viewer:
            said(viewer)
            client.patch(f"/api/sessions/{session.id}", json={"name": "desk 7 again"})
            messages = iter(lambda: said(viewer), None)
            shown = next(message for message in messages if message["type"] == "session")
        kept = client.get(f"/api/sessions/{session.id}").json()
    names = (kept[part]["name"] for part in ("session", "info"))
    assert {*names, kept["result"]["session"]["name"]} == {"desk 7 again"}
    assert shown["session"]["name"] == "desk 7 again"
    assert kept["session"]["folder"] == before["session"]["folder"]
    assert {**kept["result"], "session": before["result"]["session"]} == before["result"]


def test_a_session_that_is_being_finished_is_renamed_later(house: Home) -> None:
    session = house.past(name="nearly")
    folder = house.parts.store.folder(session.id)
    assert folder is not None
    card = read_card(folder)
    write_card(folder, replace(card, info=replace(card.info, state="live")))
    with house.http() as client:
        answer = client.patch(f"/api/sessions/{session.id}", json={"name": "too early"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_finished")
    write_card(folder, card)


def test_a_session_that_runs_can_be_looked_at_and_played(house: Home) -> None:
    session = house.parts.monitor.open(spec())
    feed(session, voice(2))
    with house.http() as client:
        until(lambda: client.get(f"/api/sessions/{session.id}").json()["session"], "the folder")
        kept = client.get(f"/api/sessions/{session.id}").json()
        assert (kept["info"]["state"], kept["result"]) == ("live", None)
        assert client.get(f"/api/sessions/{session.id}/frames").status_code == 200

        def sound() -> bytes:
            content = client.get(f"/api/sessions/{session.id}/audio/customer.wav").content
            return content if len(content) > 44 else b""

        assert struct.unpack("<4s", until(sound, "sound on disk")[:4]) == (b"RIFF",)
        refused = client.delete(f"/api/sessions/{session.id}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "running")
    session.end()
    assert session.wait_closed(LONG_S)


def test_deleting_leaves_a_receipt_and_tells_every_viewer(house: Home) -> None:
    session = house.past(name="to be deleted")
    folder = house.parts.store.folder(session.id)
    assert folder is not None
    with house.viewer() as viewer, house.http() as client:
        said(viewer)
        url = f"/api/sessions/{session.id}"
        receipt = client.request("DELETE", url, params={"reason": "asked for it"}).json()
        messages = iter(lambda: said(viewer), None)
        told = next(message for message in messages if message["type"] == "deleted")
        assert client.get(url).status_code == 404
    assert told["session"] == receipt["session"] == session.id
    assert (receipt["reason"], receipt["who"]) == ("asked for it", "127.0.0.1")
    assert not folder.exists()
    assert ("deleted", session.id) in [(one["what"], one["session"]) for one in house.audit()]
