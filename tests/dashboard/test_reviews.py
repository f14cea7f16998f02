import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from tests.models.tiny import tiny_model
from tests.stream.house import LONG_S, feed, spec
from tests.stream.sound import voice

from tonewatch.dashboard.compose import running
from tonewatch.dashboard.parts import Parts
from tonewatch.dashboard.settings import ServerSettings
from tonewatch.models.settings import EngineSettings
from tonewatch.stream.review.settings import ReviewSettings
from tonewatch.stream.session import Session
from tonewatch.stream.settings import RecordSettings, StreamSettings

from .home import Home, home, until
from .reviewing import flagged, past_call, waiting


@pytest.fixture(scope="module")
def queue(
    kept_in: Callable[[], ReviewSettings], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Home, Session]]:
    """A server with a past call whose flags wait."""
    with home(tmp_path_factory.mktemp("reviews"), review=kept_in()) as house:
        yield house, flagged(house)


def fresh(house: Home) -> str:
    """The path of a flag on which nobody has voted."""
    with house.http() as client:
        (item, *_) = client.get("/api/reviews").json()["items"]
    return f"/api/reviews/{item['session']}/{item['episode']}"


def test_a_call_s_flag_waits_for_a_person(queue: tuple[Home, Session]) -> None:
    house, session = queue
    with house.http() as client:
        found = client.get("/api/reviews", params={"state": "all"}).json()
        kept = client.get(f"/api/sessions/{session.id}").json()
    (item,) = (one for one in found["items"] if one["session"] == session.id)
    assert item["session_name"] == "desk 7"
    assert item["leg"] == "customer"
    assert item["sound"] is True
    assert 0 <= item["start_s"] < item["end_s"] <= 8
    assert f"{session.id}/{item['episode']}" in [one["id"] for one in kept["episodes"]]
    assert found["waiting"] >= 1
    assert found["oldest_at"].endswith("Z")


def test_nothing_tells_the_model_s_answer_before_the_vote(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    path = fresh(house)
    with house.http() as client:
        text = client.get("/api/reviews").text
        refused = client.get(f"{path}/answer", params={"reviewer": "anna"})
        exported = client.get("/api/reviews/export", params={"format": "json"}).json()
    items = json.loads(text)["items"]
    assert {item["kind"] for item in items if item["state"] != "decided"} == {None}
    assert not {"fear", "disgust", "scores", "reason_en", "model"} & set(items[0])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "vote_first")
    assert not [row for row in exported if f"{row['session']}/{row['episode']}" in path]


def test_the_way_of_a_flag_through_the_queue(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    session = flagged(house, "the way")
    (flag,) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    path = f"/api/reviews/{flag.session}/{flag.episode}"
    anna, ben = {"reviewer": "anna"}, {"reviewer": "ben"}
    with house.http() as client:
        assert client.post(f"{path}/claim", json=anna).json()["claimed_by"] == "anna"
        late = client.post(f"{path}/claim", json=ben)
        assert (late.status_code, late.json()["claimed_by"]) == (409, "anna")
        assert late.json()["error"]["code"] == "claimed"
        assert client.post(f"{path}/release", json=anna).json()["state"] == "waiting"
        voted = client.post(
            f"{path}/vote", json=anna | {"label": "unsure", "note": "a sob?"}
        ).json()
        assert (voted["item"]["state"], voted["item"]["kind"]) == ("second", None)
        twice = client.post(f"{path}/vote", json=anna | {"label": "both"})
        assert (twice.status_code, twice.json()["error"]["code"]) == (409, "voted")
        decided = client.post(f"{path}/vote", json=ben | {"label": "fearful"}).json()
        assert decided["item"]["state"] == "decided"
        assert decided["item"]["outcome"] == "fearful"
        assert decided["item"]["kind"] == decided["answer"]["episode"]["kind"]
        assert client.get(f"{path}/answer", params=ben).json() == decided["answer"]
        back = client.post(f"{path}/undo", json=ben).json()
        assert (back["state"], back["votes"]) == ("second", 1)
        assert client.get(f"{path}/answer", params=ben).status_code == 403
        again = client.post(f"{path}/vote", json=ben | {"label": "disgusted"}).json()
        assert [vote["blind"] for vote in again["answer"]["votes"]] == [True, False]
        assert client.post(f"{path}/second", json=ben).json()["second_wanted"] is True
    told = [one for one in house.audit() if one["session"] == session.id]
    assert [one["who"] for one in told if one["what"] == "reviewed"] == ["anna", "ben", "ben"]


def test_the_answer_shows_the_curves_around_the_flag(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    session = flagged(house, "curves")
    (flag,) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    with house.http() as client:
        answer = client.post(
            f"/api/reviews/{flag.session}/{flag.episode}/vote",
            json={"reviewer": "anna", "label": "neither"},
        ).json()["answer"]
    frames = answer["frames"]
    assert frames["frame_rate"] == 50
    assert frames["start_frame"] == max(0, flag.start - 250)
    assert len(frames["emotions"]) == 9
    assert {len(column) for column in frames["emotions"].values()} == {len(frames["fear"])}
    peak = answer["episode"]["peak"] - frames["start_frame"]
    assert frames["fear"][peak] == pytest.approx(answer["episode"]["fear"], abs=0.01)


def test_the_sound_is_cut_around_the_flag(queue: tuple[Home, Session]) -> None:
    house, session = queue
    (flag, *_) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    with house.http() as client:
        url = f"/api/reviews/{flag.session}/{flag.episode}/sound"
        answer = client.get(url, params={"reviewer": "anna"})
    assert answer.headers["content-type"] == "audio/wav"
    first = float(answer.headers["X-Start-S"])
    assert first == max(0.0, flag.start / 50 - 5)
    assert float(answer.headers["X-Flag-Start-S"]) == flag.start / 50
    assert float(answer.headers["X-Flag-End-S"]) == flag.stop / 50
    heard, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    folder = house.parts.store.folder(session.id)
    assert folder is not None
    whole, _ = soundfile.read(folder / "processed_audio.wav", dtype="int16")
    start, stop = round(first * rate), min(len(whole), (flag.stop + 250) * 320)
    assert (heard == whole[start:stop]).all()
    assert ("listened", "anna") in [(one["what"], one["who"]) for one in house.audit()]


def test_a_deleted_session_leaves_votes_that_name_nobody(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    session = flagged(house, "to be deleted")
    (flag,) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    path = f"/api/reviews/{flag.session}/{flag.episode}"
    with house.http() as client:
        vote = {"reviewer": "anna", "label": "both", "note": "says her name"}
        client.post(f"{path}/vote", json=vote)
        client.delete(f"/api/sessions/{session.id}")

        def gone() -> bool:
            answer = client.get(f"{path}/sound")
            return answer.json()["error"]["code"] == "unknown_flag"

        until(gone, "the queue to hear of it")
        rows = client.get("/api/reviews/export", params={"format": "json"}).json()
    (kept,) = (row for row in rows if row["session"] == session.id)
    assert (kept["label"], kept["note"], kept["start_s"]) == ("both", "", None)
    assert kept["at"].endswith("T00:00:00.000Z")


def test_the_export_opens_in_a_spreadsheet(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    session = flagged(house, "export")
    (flag,) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    note = '=HYPERLINK("x"), "quoted"\nsecond line'
    with house.http() as client:
        client.post(
            f"/api/reviews/{flag.session}/{flag.episode}/vote",
            json={"reviewer": "安娜", "label": "fearful", "note": note},
        )
        answer = client.get("/api/reviews/export")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    (row,) = (one for one in rows if one["session"] == session.id)
    assert (row["reviewer"], row["label"], row["note"]) == ("安娜", "fearful", "'" + note)
    assert row["model"] in ("fearful", "disgusted", "both")


def test_agreement_is_told(queue: tuple[Home, Session]) -> None:
    house, _ = queue
    session = flagged(house, "agreement")
    (flag,) = (f for f in house.parts.reviews.listed() if f.session == session.id)
    with house.http() as client:
        before = client.get("/api/reviews/agreement").json()
        client.post(
            f"/api/reviews/{flag.session}/{flag.episode}/vote",
            json={"reviewer": "anna", "label": flag.model},
        )
        after = client.get("/api/reviews/agreement").json()
    assert after["model"]["agree"] == before["model"]["agree"] + 1
    assert after["model"]["by_kind"][flag.kind]["decided"] >= 1
    assert sum(day["model_agrees"] for day in after["over_time"]) == after["model"]["agree"]
    assert set(after["reviewers"]) == {"alpha", "pairs", "flags"}


def test_the_next_flag_is_claimed_until_the_queue_is_empty(tmp_path: Path) -> None:
    with home(tmp_path, review=ReviewSettings(second_share=0.0)) as house:
        session = flagged(house)
        with house.http() as client:
            first = client.post("/api/reviews/next", json={"reviewer": "anna"}).json()
            assert (first["session"], first["claimed_by"]) == (session.id, "anna")
            empty = client.post("/api/reviews/next", json={"reviewer": "ben"})
            assert (empty.status_code, empty.content) == (204, b"")
            key = f"{first['session']}/{first['episode']}"
            client.post(f"/api/reviews/{key}/release", json={"reviewer": "anna"})
            skipped = client.post("/api/reviews/next", json={"reviewer": "anna", "skip": [key]})
            assert skipped.status_code == 204


def test_votes_outlive_server_and_index_and_end_with_their_call(
    kept_in: Callable[[], ReviewSettings], tmp_path: Path
) -> None:
    engine = EngineSettings(model=str(tiny_model(tmp_path / "tiny")), provider="cpu")
    review, output = kept_in(), tmp_path / "outputs"
    past_call(output, 3)

    def run(**record: Any) -> contextlib.AbstractContextManager[Parts]:
        kept = RecordSettings(output=output, **record)
        return running(engine, StreamSettings(record=kept, review=review), ServerSettings())

    with run() as parts:
        until(lambda: parts.reviews.waiting()[0] == 3, "the flags")
        parts.reviews.vote("s1", "customer-1", "anna", "both", "a sob")
    (output / "sessions.sqlite").unlink()
    with run() as parts:
        until(lambda: parts.store.get("s1"), "the index")
        (vote,) = parts.reviews.votes("s1", "customer-1", "anna")
        assert (vote.label, vote.note, parts.reviews.waiting()[0]) == ("both", "a sob", 2)
    card = next(output.glob("*/session.json"))
    card.write_text(card.read_text().replace("2026-11-21T06", "2020-11-21T06"))
    with run(scores_days=30) as parts:
        until(lambda: not parts.reviews.waiting()[0], "the end of its time")
        ((flag, vote),) = parts.reviews.history()
    assert (flag.presence, vote.label, vote.note) == ("erased", "both", "")


def test_how_many_wait_and_how_long_is_counted_for_prometheus(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.http() as client:
        assert "tonewatch_reviews_waiting 0.0" in client.get("/metrics").text
        waiting(house, 3)
        text = client.get("/metrics").text
    assert "tonewatch_reviews_waiting 3.0" in text
    (age,) = (x for x in text.splitlines() if x.startswith("tonewatch_reviews_oldest_seconds"))
    assert float(age.split()[1]) > 0


def test_a_flag_waits_while_its_call_still_runs(tmp_path: Path) -> None:
    with home(tmp_path, review=ReviewSettings(second_share=0.0)) as house:
        session = house.parts.monitor.open(spec(pace="live"))
        feed(session, voice(8))
        (flag, *_) = until(house.parts.reviews.listed, "the flag")
        assert flag.live
        with house.http() as client:
            url = f"/api/reviews/{flag.session}/{flag.episode}"
            until(lambda: len(client.get(f"{url}/sound").content) > 44, "sound on disk")
            assert client.get("/api/reviews").json()["items"][0]["urgency"] > 60
            told = client.post(f"{url}/vote", json={"reviewer": "anna", "label": "both"})
        assert told.status_code == 200
        session.end()
        assert session.wait_closed(LONG_S)
        until(lambda: not house.parts.reviews.listed("decided")[0].live, "the end of the call")


def test_scores_that_are_withdrawn_take_their_flags_along(tmp_path: Path) -> None:
    with home(tmp_path) as house:
        session = house.parts.monitor.open(spec(pace="live"))
        feed(session, voice(8))
        until(house.parts.reviews.listed, "the flag")
        session.stop_scoring(erase=True)
        until(lambda: not house.parts.reviews.listed(), "the queue to hear of it")
        session.end()
        assert session.wait_closed(LONG_S)


def test_deleted_sound_is_told(tmp_path: Path) -> None:
    with home(tmp_path) as house:
        session = flagged(house)
        folder = house.parts.store.folder(session.id)
        assert folder is not None
        house.parts.remover.delete_audio(folder, who="anna", reason="tidy")
        house.parts.store.rebuild()
        with house.http() as client:
            (item,) = client.get("/api/reviews").json()["items"]
            answer = client.get(f"/api/reviews/{item['session']}/{item['episode']}/sound")
    assert item["sound"] is False
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "no_audio")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/s/none/sound", None, 404),
        ("POST", "/s/none/claim", {"reviewer": "anna"}, 404),
        ("POST", "/s/none/vote", {"reviewer": "anna", "label": "fearful"}, 404),
        ("POST", "/s/none/vote", {"reviewer": "anna", "label": "angry"}, 422),
        ("POST", "/s/none/vote", {"reviewer": "anna", "label": "both", "note": "\0"}, 422),
        ("POST", "/s/none/claim", {"reviewer": "  "}, 422),
        ("POST", "/s/none/claim", {"reviewer": "a" * 65}, 422),
        ("POST", "/s/%00/claim", {"reviewer": "anna"}, 422),
        ("POST", "/next", {}, 422),
        ("GET", "?state=lost", None, 422),
        ("GET", "?limit=0", None, 422),
        ("GET", "/export?format=xml", None, 422),
    ],
)
def test_what_cannot_be_done_is_told(
    queue: tuple[Home, Session], method: str, path: str, body: Any, status: int
) -> None:
    house, _ = queue
    with house.http() as client:
        answer = client.request(method, f"/api/reviews{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
