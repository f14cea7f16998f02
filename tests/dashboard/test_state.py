from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.house import LONG_S

from tonewatch.dashboard.settings import ServerSettings
from tonewatch.dashboard.state import health
from tonewatch.models.engine import Engine, EngineError
from tonewatch.stream.events import EngineStatus, Fault

from .home import Home, home, until

STATUS = EngineStatus(
    model="fake", version="1", provider="CPU", precision="fp32", loading=False, licence="none",
    licence_notice="", commercial_use=True, hop_ms=240, windows=0, superseded=0, dropped=0,
    latency_p50_ms=None, latency_p95_ms=None, latency_p99_ms=None, sessions=2, max_sessions=64,
)  # fmt: skip
ENGINE = Fault(code="engine", message="cannot be loaded", way_out="")
DISK = Fault(code="disk", message="desk 7: disk full", way_out="", session="s1")


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        ((), "ok"),
        ((DISK,), "degraded"),
        ((replace(ENGINE, code="house"),), "degraded"),
        ((DISK, ENGINE), "fault"),
    ],
)
def test_only_an_engine_that_fails_is_a_fault_of_the_whole(
    faults: tuple[Fault, ...], status: str
) -> None:
    assert health(STATUS, faults).status == status


def test_health_counts_sessions_and_names_none() -> None:
    found = health(STATUS, (DISK, replace(DISK, session="s2"), ENGINE))
    assert [(one.code, one.sessions, one.message) for one in found.faults] == [
        ("engine", 0, "cannot be loaded"),
        ("disk", 2, "in 2 session(s): see the monitor's page or log"),
    ]


def test_health_says_what_really_computes(house: Home) -> None:
    with house.http() as client:
        until(lambda: not client.get("/healthz").json()["loading"], "the engine")
        found = client.get("/healthz").json()
    assert (found["status"], found["provider"], found["model"]) == ("ok", "CPU", "fake")


def test_an_engine_that_cannot_be_loaded_is_a_fault_and_the_page_lives(tmp_path: Path) -> None:
    def load() -> Engine:
        raise EngineError("the graph is damaged")

    with home(tmp_path, load=load) as house, house.http() as client:
        until(lambda: client.get("/healthz").status_code == 503, "the fault")
        assert client.get("/healthz").json()["faults"][0]["message"].endswith("graph is damaged")
        assert client.get("/api/sessions").status_code == 200


def test_status_and_notice_are_told(house: Home) -> None:
    with house.http() as client:
        assert client.get("/api/status").json()["max_sessions"] == 64
        assert "emotion" in client.get("/api/notice").json()["text"]


def test_settings_are_shown_without_secrets(tmp_path: Path) -> None:
    with home(tmp_path, server=ServerSettings(token="secret")) as house:
        headers = {"Authorization": "Bearer secret"}
        with house.http(headers=headers) as client:
            answer = client.get("/api/settings", timeout=LONG_S)
    assert answer.json()["server"]["token"] == "set"
    assert answer.json()["stream"]["window"]["hop_ms"] is None
    assert "secret" not in answer.text


def test_metrics_are_in_prometheus_format(house: Home) -> None:
    with house.http() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "tonewatch_sessions 0.0" in answer.text
