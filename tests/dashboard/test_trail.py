import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.record.world import MANIFEST, session

from tonewatch.dashboard.trail import Trail, following, settings_hash
from tonewatch.stream.bus import Bus
from tonewatch.stream.events import Notice, SessionChanged
from tonewatch.stream.record.audit import AuditLog, read_audit
from tonewatch.stream.settings import StreamSettings, WindowSettings

INFO = replace(session(legs=("customer", "agent")), notice=Notice(method="spoken", set_by="anna"))
ENDED = replace(INFO, state="ended", ended_at="2026-11-21T05:01:00Z", folder="outputs_x")


def test_a_session_is_logged_from_beginning_to_end_once() -> None:
    trail = Trail("abc")
    stopped = replace(INFO, scoring=False, scoring_reason="stopped")
    again = replace(INFO, notice=Notice(method="keypress"))
    states = [INFO, replace(INFO, name="other"), stopped, stopped, again, ENDED, ENDED]
    lines = [line for info in states for line in trail.lines(info)]
    assert [what for what, _ in lines] == [
        "session began",
        "session no longer scored",
        "session scored from now on",
        "session ended",
    ]
    began = lines[0][1]
    assert began["scored"] == ["customer"]
    assert (began["notice"]["method"], began["notice"]["set_by"]) == ("spoken", "anna")
    assert began["settings"] == "abc"
    assert lines[2][1]["notice"]["method"] == "keypress"
    assert lines[3][1] == {"state": "ended", "folder": "outputs_x"}


def test_a_session_without_notice_is_logged_as_such() -> None:
    info = replace(INFO, notice=None, scoring=False, scoring_reason="no notice")
    ((_, detail),) = Trail("").lines(info)
    assert (detail["notice"], detail["scored"]) == (None, [])


def test_names_of_people_stay_out_of_the_log() -> None:
    lines = list(Trail("").lines(replace(INFO, name="Anna Müller", call_id="+49 123")))
    assert "Anna" not in str(lines)
    assert "+49" not in str(lines)


def test_other_settings_have_another_hash() -> None:
    usual, other = StreamSettings(), StreamSettings(window=WindowSettings(hop_ms=480))
    assert settings_hash(usual, MANIFEST) == settings_hash(StreamSettings(), MANIFEST)
    assert settings_hash(usual, MANIFEST) != settings_hash(other, MANIFEST)


def test_the_log_follows_the_bus_and_is_complete_when_the_block_ends(tmp_path: Path) -> None:
    bus, audit = Bus(), AuditLog(tmp_path / "audit.jsonl")
    with following(bus, audit, "abc"):
        bus.publish(SessionChanged(session=INFO))
        bus.publish(SessionChanged(session=ENDED))
    assert [one["what"] for one in read_audit(audit.path)] == ["session began", "session ended"]
    assert not [one for one in threading.enumerate() if one.name == "audit"]


def test_a_disk_that_takes_nothing_is_told_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bus, audit = Bus(), AuditLog(tmp_path)
    with following(bus, audit, ""):
        bus.publish(SessionChanged(session=INFO))
    assert "cannot be written" in caplog.text
