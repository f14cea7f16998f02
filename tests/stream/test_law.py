"""Only customers who were told are scored: by the rules, and by what really reaches the engine."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stream.house import LONG_S, TOLD, feed, house, spec
from tests.stream.record.world import LoudnessEngine
from tests.stream.sound import voice

from tonewatch.models.window import Frames, Window
from tonewatch.stream.audio import Role
from tonewatch.stream.events import (
    EVENT,
    Activity,
    EngineStatus,
    EpisodeChanged,
    Mark,
    Notice,
    Readings,
    SourceKind,
)
from tonewatch.stream.law import NotAllowedError, banner, rule, rule_on
from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.history import read_rows
from tonewatch.stream.session_spec import first_info
from tonewatch.stream.settings import MonitorSettings

ROLES: tuple[Role, ...] = ("customer", "agent", "mix", "other")
LIVE: tuple[SourceKind, ...] = ("microphone", "browser", "ingest")
SWITCHED_ON = MonitorSettings(
    score_agent=True,
    score_agent_name="Dr Vogel",
    score_agent_reason="medical",
    score_agent_confirm=True,
)


class CustomersOnly(LoudnessEngine):
    """Remembers whether it ever saw anybody else."""

    def __init__(self) -> None:
        super().__init__()
        self.strangers: list[str] = []

    def open(self, leg: str) -> None:
        self._look(leg)

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        for window in windows:
            self._look(window.leg)
        return super().infer(windows)

    def _look(self, leg: str) -> None:
        if not leg.endswith("/customer"):
            self.strangers.append(leg)


@given(
    st.sampled_from(LIVE),
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=4),
    st.sampled_from([None, TOLD]),
)
def test_only_a_customer_who_was_told_is_scored(
    source: SourceKind, roles: list[Role], notice: Notice | None
) -> None:
    legs = [(f"leg {number}", role) for number, role in enumerate(roles)]
    ruling = rule(source, legs, notice, MonitorSettings())
    for leg in ruling.legs:
        assert leg.scored == (leg.role == "customer" and notice is not None)
        assert leg.scored or leg.reason
    assert ruling.scoring == any(leg.scored for leg in ruling.legs)
    assert bool(ruling.reason) != ruling.scoring


@pytest.mark.parametrize("source", ["recording", "demo"])
def test_recordings_and_the_demo_count_as_test_audio(source: SourceKind) -> None:
    ruling = rule(source, [("customer", "customer")], None, MonitorSettings())
    assert ruling.scoring
    assert ruling.notice is not None
    assert ruling.notice.method == "test"


def test_one_channel_counts_as_one_customer_and_a_line_says_so() -> None:
    (leg,) = rule("microphone", [("customer", "customer")], TOLD, MonitorSettings()).legs
    assert leg.scored
    assert "one customer" in leg.reason


def test_agents_are_scored_only_where_somebody_put_his_name_to_it() -> None:
    legs: list[tuple[str, Role]] = [("customer", "customer"), ("agent", "agent"), ("m", "mix")]
    ruling = rule("ingest", legs, TOLD, SWITCHED_ON)
    assert [leg.scored for leg in ruling.legs] == [True, True, False]
    assert "Dr Vogel" in ruling.legs[1].reason
    assert not rule("ingest", legs, None, SWITCHED_ON).scoring
    assert "Dr Vogel" in banner(SWITCHED_ON)
    assert banner(MonitorSettings()) == ""
    with pytest.raises(ValueError, match="needs score_agent_name"):
        MonitorSettings(score_agent=True)


@pytest.mark.parametrize("other", ["agent", "mix", "ms.vogel"])
def test_no_score_of_anybody_else_is_computed_logged_or_sent(tmp_path: Path, other: str) -> None:
    engine = CustomersOnly()
    with house(tmp_path, engine) as home:
        session = home.monitor.open(spec("customer", other, pace="file"))
        feed(session, voice(5), voice(5, seed=7))
        session.end()
        assert session.wait_closed(LONG_S)
        folder = home.folder(session)
        assert engine.strangers == []
        assert engine.legs
        assert {event.leg for event in home.seen.of(Readings)} == {"customer"}
        assert {event.episode.leg for event in home.seen.of(EpisodeChanged)} == {"customer"}
        for event in home.seen.of(Activity):
            assert "emotion" not in EVENT.dump_json(event).decode()
        assert any(event.leg == other and event.talk_s > 0 for event in home.seen.of(Activity))
    files = read_card(folder).leg_files(other)
    assert not (folder / files.frames).exists()
    assert not (folder / files.windows).exists()
    assert (folder / files.audio).exists()
    logged = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    scored = [line for line in logged if "fear" in json.dumps(line)]
    assert scored
    assert all(line["episode"]["leg"] == "customer" for line in scored)


def test_without_a_notice_a_live_call_is_recorded_and_metered_and_says_why(tmp_path: Path) -> None:
    engine = CustomersOnly()
    with house(tmp_path, engine) as home:
        session = home.monitor.open(spec("customer", "agent", notice=None))
        feed(session, voice(4), voice(4, seed=7))
        session.end()
        assert session.wait_closed(LONG_S)
        folder = home.folder(session)
        assert "no notice" in session.scoring_reason
        assert session.scoring == ()
        assert home.seen.of(Readings) == []
        assert home.seen.of(Activity)
    assert engine.legs == []
    assert (folder / "processed_audio.wav").exists()
    assert "no notice" in json.loads((folder / "result.json").read_text())["scoring_reason"]


@given(
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=4),
    st.sampled_from([None, TOLD]),
    st.sampled_from([None, TOLD]),
)
def test_scoring_is_switched_on_for_customers_who_were_told_alone(
    roles: list[Role], before: Notice | None, now: Notice | None
) -> None:
    wanted = spec(*[f"leg {number}" for number, _ in enumerate(roles)], notice=before)
    legs = [(leg.name, role) for leg, role in zip(wanted.legs, roles, strict=True)]
    ruling = rule("ingest", legs, before, MonitorSettings())
    info = first_info(wanted, ruling, started_at="2026-11-21T05:00:00Z", hop_ms=240)
    stopped = replace(info, scoring=False, scoring_reason="scoring was stopped")
    if "customer" not in roles or not (before or now):
        with pytest.raises(NotAllowedError, match=r"customer|no notice"):
            rule_on(stopped, now, MonitorSettings())
        return
    ruled = rule_on(stopped, now, MonitorSettings())
    assert [leg.scored for leg in ruled.legs] == [role == "customer" for role in roles]
    assert (ruled.scoring, ruled.scoring_reason, ruled.notice) == (True, "", now or before)


def test_a_call_is_scored_from_the_moment_at_which_people_were_told(tmp_path: Path) -> None:
    engine = CustomersOnly()
    with house(tmp_path, engine) as home:
        session = home.monitor.open(spec("customer", "agent", notice=None, pace="file"))
        feed(session, voice(4), voice(4, seed=7))
        with pytest.raises(NotAllowedError, match="no notice"):
            session.start_scoring()
        session.start_scoring(TOLD)
        began = home.seen.wait(Mark)
        feed(session, voice(4), voice(4, seed=7))
        session.end()
        assert session.wait_closed(LONG_S)
        assert home.recorder.flush(LONG_S)
        folder = home.folder(session)
        assert {event.leg for event in home.seen.of(Readings)} == {"customer"}
    assert engine.strangers == []
    assert began.name == "scoring started"
    card = read_card(folder)
    assert [(core.leg, core.start_frame) for core in card.cores] == [("customer", began.at // 320)]
    assert (card.info.notice, card.info.scoring) == (TOLD, True)
    rows = read_rows(folder, card.leg_files("customer"))
    assert not rows["state"][: began.at // 320].any()
    assert rows["state"][began.at // 320 :].any()


def test_scoring_agents_keeps_a_banner(tmp_path: Path) -> None:
    with house(tmp_path, monitor=SWITCHED_ON) as home:
        status = home.seen.wait(EngineStatus)
        session = home.monitor.open(spec("agent", pace="file"))
        feed(session, voice(3))
        assert home.seen.wait(Readings).leg == "agent"
    assert "Dr Vogel" in status.score_agent
