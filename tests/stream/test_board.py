from dataclasses import replace

from tests.stream.record.world import flag, session

from tonewatch.models.labels import LABELS
from tonewatch.stream.board import HISTORY_FRAMES, KEEP_ENDED, TRIM_FRAMES, Board
from tonewatch.stream.bus import Bus
from tonewatch.stream.events import (
    Activity,
    EpisodeChanged,
    Event,
    Fault,
    GapNoted,
    Mark,
    Points,
    Readings,
    SessionChanged,
    SessionDeleted,
    snapshot_json,
)
from tonewatch.stream.session import ERASED

ROW = (1.0,) + (0.0,) * 8


def points(start: int, count: int, step: int = 4) -> Points:
    return Points(
        start=start,
        step=step,
        scores=(ROW,) * count,
        fear=(1.0,) * count,
        disgust=(2.0,) * count,
        emotion=("angry",) * count,
        confidence=(1.0,) * count,
    )


def readings(start: int, count: int = 3) -> Readings:
    return Readings(
        session="s1",
        leg="customer",
        settled=points(start, count),
        provisional=points(start + 4 * count, 2),
        confusion=3.0,
        warming_up=False,
        captured_at_ns=0,
        emitted_at_ns=0,
        latency_ms=1.0,
    )


def activity(stop: int, *speech: tuple[int, int]) -> Activity:
    return Activity(
        session="s1",
        leg="customer",
        stop_frame=stop,
        speech=speech,
        speaking=True,
        talk_s=1.0,
        silence_s=0.0,
        overlap_s=0.0,
        level_dbfs=-20.0,
        peak_dbfs=-10.0,
        clipped=0.0,
        bandwidth_hz=8000.0,
        snr_db=40.0,
    )


def episode(number: int, state: str = "open") -> EpisodeChanged:
    return EpisodeChanged(
        session="s1",
        episode=flag(id=f"e{number}", state=state, start=number, end=number + 10, peak=number + 5),
        captured_at_ns=0,
    )


def told(*events: Event) -> Board:
    bus = Bus()
    board = Board(bus)
    for event in events:
        bus.publish(event)
    return board


BEGUN = SessionChanged(session=session())


def test_a_late_viewer_sees_the_curve_as_one() -> None:
    board = told(BEGUN, readings(0), readings(12), readings(24))
    (shown,) = board.snapshot().sessions
    (leg,) = shown.legs
    assert leg.history == points(0, 9)
    assert leg.provisional == points(36, 2)
    assert (leg.confusion, leg.warming_up) == (3.0, False)
    assert board.snapshot().labels == LABELS
    assert snapshot_json(board.snapshot())


def test_history_is_bounded_and_keeps_the_newest() -> None:
    board = told(BEGUN, *(readings(12 * n) for n in range(1000)))
    history = board.snapshot().sessions[0].legs[0].history
    stop = history.start + 4 * len(history.scores)
    assert stop == 12_000
    assert HISTORY_FRAMES - 20 <= stop - history.start <= HISTORY_FRAMES + TRIM_FRAMES + 20


def test_a_curve_that_begins_anew_starts_the_history_again() -> None:
    board = told(BEGUN, readings(0), readings(500))
    assert board.snapshot().sessions[0].legs[0].history == points(500, 3)


def test_stretches_of_speech_join_and_are_bounded() -> None:
    board = told(BEGUN, activity(20, (0, 5), (10, 20)), activity(30, (20, 25)))
    leg = board.snapshot().sessions[0].legs[0]
    assert leg.speech == ((0, 5), (10, 25))
    assert leg.activity is not None
    assert leg.activity.stop_frame == 30
    board = told(BEGUN, *(activity(n + 10, (n, n + 5)) for n in range(0, 50_000, 50)))
    assert len(board.snapshot().sessions[0].legs[0].speech) < 150


def test_the_newest_state_of_each_episode_stands() -> None:
    board = told(BEGUN, episode(1), episode(2), episode(1, "closed"))
    assert [(e.id, e.state) for e in board.snapshot().sessions[0].episodes] == [
        ("e1", "closed"),
        ("e2", "open"),
    ]
    board = told(BEGUN, *(episode(n) for n in range(300)))
    assert [e.id for e in board.snapshot().sessions[0].episodes][-1] == "e299"
    assert len(board.snapshot().sessions[0].episodes) == 200


def test_withdrawn_scores_are_gone() -> None:
    board = told(BEGUN, readings(0), episode(1), Mark(session="s1", name=ERASED, at=0))
    shown = board.snapshot().sessions[0]
    assert shown.episodes == ()
    assert shown.legs[0].history.scores == shown.legs[0].provisional.scores == ()


def test_gaps_and_marks_are_shown() -> None:
    gap = GapNoted(session="s1", leg="customer", start=0, length=5, reason="late reader")
    mark = Mark(session="s1", name="transfer", at=3)
    shown = told(BEGUN, gap, mark).snapshot().sessions[0]
    assert (shown.gaps, shown.marks) == ((gap,), (mark,))


def test_faults_stand_until_they_are_mended() -> None:
    broken = Fault(code="engine", message="no memory", way_out="")
    full = Fault(code="disk", message="full", way_out="", session="s1")
    board = told(BEGUN, broken, full, replace(broken, active=False))
    assert board.faults() == board.snapshot().faults == (full,)


def test_ended_sessions_stay_a_while_and_deleted_ones_do_not() -> None:
    ended = [
        SessionChanged(
            session=replace(session(f"s{n}"), state="ended", ended_at="2026-11-21T05:00:00Z")
        )
        for n in range(20)
    ]
    fault = Fault(code="source", message="unplugged", way_out="", session="s19")
    board = told(BEGUN, SessionChanged(session=session("s19")), fault, *ended)
    ids = [shown.info.id for shown in board.snapshot().sessions]
    assert ids == [f"s{n}" for n in range(20 - KEEP_ENDED, 20)]
    assert board.faults() == ()
    assert told(BEGUN, SessionDeleted(session="s1")).snapshot().sessions == ()


def test_events_of_unknown_sessions_are_left_out() -> None:
    assert told(readings(0), activity(5)).snapshot().sessions == ()


def test_a_closed_board_no_longer_follows() -> None:
    bus = Bus()
    board = Board(bus)
    board.close()
    bus.publish(BEGUN)
    assert board.snapshot().sessions == ()
