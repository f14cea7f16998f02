from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from tests.stream.house import LONG_S, feed, spec
from tests.stream.sound import voice

from .home import Home, home


def values(house: Home) -> dict[str, float]:
    """All samples by name and labels."""
    with house.http() as client:
        text = client.get("/metrics").text
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_happens_is_counted(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.viewer():
        session = house.parts.monitor.open(spec(pace="live"))
        feed(session, voice(3))
        session.gap(8000, "muted")
        session.end()
        assert session.wait_closed(LONG_S)
        house.past(seconds=3)
        found = values(house)
    assert found["tonewatch_sessions_begun_total|ingest"] == 1
    assert found["tonewatch_sessions_begun_total|recording"] == 1
    assert found["tonewatch_sessions_ended_total|ended"] == 2
    assert found["tonewatch_gaps_total"] == 1
    assert found["tonewatch_gap_seconds_total"] == 0.5
    assert found["tonewatch_windows_total"] > 0
    assert found["tonewatch_viewers"] == 1
    assert found["tonewatch_recorder_refused_total"] == 0
    assert found["tonewatch_latency_seconds_count"] > 0
    assert found["process_resident_memory_bytes"] > 0


def test_only_sessions_in_real_time_count_for_the_latency(tmp_path: Path) -> None:
    with home(tmp_path) as house:
        house.past()
        found = values(house)
        episodes = sum(n for name, n in found.items() if name.startswith("tonewatch_episodes_to"))
        assert found["tonewatch_latency_seconds_count"] == 0
        assert episodes == house.parts.store.search().sessions[0].flags


def test_two_servers_in_one_process_count_apart(tmp_path: Path) -> None:
    with home(tmp_path / "a") as one, home(tmp_path / "b") as two:
        one.past()
        assert "tonewatch_sessions_begun_total|recording" in values(one)
        assert "tonewatch_sessions_begun_total|recording" not in values(two)
