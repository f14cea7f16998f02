import asyncio
import threading
from pathlib import Path

import httpx
import pytest
import soundfile
from tests.stream.house import LONG_S, GatedEngine
from tests.stream.sound import voice

from tonewatch.dashboard.predict import WAITING
from tonewatch.dashboard.settings import ServerSettings
from tonewatch.models.engine import EngineError
from tonewatch.models.labels import LABELS
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.offline import Tools
from tonewatch.stream.settings import RecordSettings, StreamSettings

from .home import Home, home, recording


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("allowed"))


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory, call: Path):
    settings = ServerSettings(audio_dirs=(call.parent,))
    with home(tmp_path_factory.mktemp("outputs"), server=settings) as running:
        yield running


def ask(house: Home, **request: object) -> httpx.Response:
    with house.http() as client:
        return client.post("/api/predict", **request)  # type: ignore[arg-type]


def message(answer: httpx.Response) -> str:
    text: str = answer.json()["error"]["message"]
    assert "\n" not in text
    return text


def test_a_file_gives_a_result_and_a_session_folder(open_house: Home, call: Path) -> None:
    form = {"context": "medical consultation", "granularity": "frame", "embedding": "true"}
    with call.open("rb") as file:
        answer = ask(open_house, files={"file": ("call 1.wav", file)}, data=form)
    result = answer.json()
    assert answer.status_code == 200, result
    assert result["emotion"] in LABELS
    assert set(result["scores"]) == set(LABELS)
    assert 0 <= result["confidence"] <= 1
    assert (result["granularity"], len(result["timestamp"])) == ("frame", 19)
    folder = open_house.parts.output / result["folder"]
    assert (folder / "embedding.npy").is_file()
    with open_house.http() as client:
        kept = client.get(f"/api/sessions/{result['session']['id']}").json()
    assert kept["session"]["name"] == "call 1"
    assert kept["info"]["context"] == "medical consultation"


@pytest.mark.parametrize("form", [True, False])
def test_a_path_in_an_allowed_folder_is_analysed(open_house: Home, call: Path, form: bool) -> None:
    body = {"audio_path": str(call)}
    answer = ask(open_house, data=body) if form else ask(open_house, json=body)
    assert (answer.status_code, answer.json()["granularity"]) == (200, "utterance")


def test_no_folder_is_allowed_unless_the_setting_says_so(house: Home, call: Path) -> None:
    answer = ask(house, json={"audio_path": str(call)})
    assert answer.status_code == 403
    assert "server.audio_dirs" in answer.json()["error"]["way_out"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "neither"),
        ({"audio_path": 3}, 422, "audio_path"),
        ({"audio_path": "x\0y"}, 422, "not a path"),
        ({"granularity": "word"}, 422, "granularity"),
    ],
)
def test_a_request_that_makes_no_sense_is_told(
    open_house: Home, body: dict, status: int, words: str
) -> None:
    answer = ask(open_house, json=body)
    assert (answer.status_code, words in message(answer)) == (status, True)


def test_a_file_that_is_not_there_is_told(open_house: Home, call: Path) -> None:
    assert ask(open_house, json={"audio_path": str(call.parent / "no.wav")}).status_code == 404


def test_a_body_that_is_no_json_is_told(open_house: Home) -> None:
    answer = ask(open_house, content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, "not JSON" in message(answer)) == (422, True)


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\0\0\0\0WAVEfmt "])
def test_bad_audio_is_told_in_one_line_by_its_own_name(open_house: Home, content: bytes) -> None:
    answer = ask(open_house, files={"file": ("mine.wav", content)})
    assert answer.status_code == 422
    assert "tmp" not in message(answer)


def test_a_truncated_file_is_told_and_what_came_before_is_kept(
    open_house: Home, call: Path
) -> None:
    before = open_house.parts.store.search().total
    answer = ask(open_house, files={"file": ("cut.wav", call.read_bytes()[:70_000])})
    assert (answer.status_code, "cut.wav: cut short" in message(answer)) == (422, True)
    assert open_house.parts.store.search().total == before + 1


def test_infinite_samples_are_told(open_house: Home, tmp_path: Path) -> None:
    sound = voice(1)
    sound[8000] = float("inf")
    soundfile.write(tmp_path / "inf.wav", sound, 16_000, subtype="FLOAT")
    with (tmp_path / "inf.wav").open("rb") as file:
        answer = ask(open_house, files={"file": file})
    assert (answer.status_code, "NaN or infinite" in message(answer)) == (422, True)


def test_an_engine_that_does_not_load_is_told(tmp_path: Path, call: Path) -> None:
    def tools() -> Tools:
        raise EngineError("no such model")

    with home(tmp_path, tools=tools) as house, call.open("rb") as file:
        answer = ask(house, files={"file": file})
    assert (answer.status_code, message(answer)) == (503, "no such model")


def test_beyond_a_few_waiting_requests_the_next_is_told_to_come_back(
    tmp_path: Path, call: Path
) -> None:
    engine = GatedEngine()
    settings = StreamSettings(record=RecordSettings(output=tmp_path))
    tools = Tools(engine=engine, vad=Vad(), settings=settings)
    server = ServerSettings(audio_dirs=(call.parent,))
    with home(tmp_path, server=server, tools=lambda: tools) as house:

        async def many() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=house.url, timeout=LONG_S) as client:
                asked = [
                    asyncio.create_task(client.post("/api/predict", json={"audio_path": str(call)}))
                    for _ in range(WAITING + 1)
                ]
                await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                engine.go.set()
                return list(await asyncio.gather(*asked))

        answers = asyncio.run(many())
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * WAITING + [503]
    (busy,) = [answer for answer in answers if answer.status_code == 503]
    assert (busy.json()["error"]["code"], int(busy.headers["retry-after"]) > 0) == ("busy", True)
    assert threading.active_count() < 50


def test_context_and_profile_are_applied_and_told_beside_the_raw_scores(
    open_house: Home, call: Path
) -> None:
    body = {"audio_path": str(call), "context": "patient with nausea", "profile": "medical"}
    plain = ask(open_house, json={"audio_path": str(call)}).json()
    told = ask(open_house, json=body).json()
    assert plain["scene"] is None
    assert told["scores"] == plain["scores"]
    assert told["scene"]["shifts"] == {"disgusted": 0.5}
    assert [hint["word"] for hint in told["scene"]["hints"]] == ["nausea"]
    assert told["scene"]["adjusted"]["disgust"] > told["disgust"] == plain["disgust"]


def test_an_unknown_profile_is_told_with_the_known_ones(open_house: Home, call: Path) -> None:
    answer = ask(open_house, json={"audio_path": str(call), "profile": "opera"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "profile")
    assert "known are customer_service, education, emergency, medical" in message(answer)
