"""A call without threads: the test turns the crank."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.sound import silence, voice
from tests.stream.test_session import Around

from tonewatch.models.window import Window
from tonewatch.stream.call import Call
from tonewatch.stream.engine_thread import Answer
from tonewatch.stream.events import Activity, Event, GapNoted, Mark, Readings
from tonewatch.stream.leg import Outlets
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.listener.listener import finish, listen
from tonewatch.stream.record.items import (
    Answered,
    Audio,
    CoreBegan,
    CoreEnded,
    Item,
    Settled,
)
from tonewatch.stream.settings import DecisionSettings, StreamSettings, WindowSettings
from tonewatch.stream.trust import undoubt
from tonewatch.stream.waiting import Task


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


class Desk:
    """A call and everything it hands over."""

    def __init__(self, vad: Vad, *legs: str, pace: str = "live", **sections: Any) -> None:
        self.around = Around(*legs, rate=16_000, ring_s=20.0)
        self.session = self.around.session
        self.session.spec = replace(self.session.spec, pace=pace)
        self.told: list[Event] = []
        self.items: list[Item] = []
        self.waiting: list[Window] = []
        self.late: list[float] = []
        self.open_legs: list[str] = []
        self.engine, self.vad = LoudnessEngine(), vad
        self.call = Call(
            self.session,
            StreamSettings(**sections),
            MANIFEST,
            Outlets(
                tell=self.told.append,
                record=self.items.append,
                submit=self._submit,
                open_leg=self.open_legs.append,
                close_leg=self.open_legs.remove,
                late=self.late.append,
                now=lambda: self.around.time,
                to_ns=lambda at: round(at * 1e9),
            ),
            phases=[3] * len(self.session.rings),
        )

    def _submit(self, tasks: Sequence[Task]) -> list[Window]:
        self.waiting += [task.window for task in tasks]
        return []

    def of(self, kind: type) -> list[Any]:
        return [thing for thing in (*self.told, *self.items) if isinstance(thing, kind)]

    def write(self, *channels: np.ndarray) -> None:
        self.session.write(np.stack(channels, axis=1), self.around.time)

    def hear(self) -> None:
        read = self.call.drain()
        heard = listen([(leg.listener, items) for leg, items in read], self.vad)
        for (leg, _), pieces in zip(read, heard, strict=True):
            self.call.hear(leg, pieces)

    def answer(self, *, failed: bool = False) -> None:
        windows, self.waiting = self.waiting, []
        for window in windows:
            frames = None if failed else self.engine.infer([window])[0]
            leg = next(leg for leg in self.call.legs if leg.key == window.leg)
            self.call.answer(leg, [Answer(window=window, frames=frames)])

    def end(self) -> None:
        self.session.end()
        assert self.call.at_end
        self.call.finish_sound(lambda listener: finish(listener, self.vad))
        self.answer()
        assert self.call.answered
        self.call.finish()


def test_a_gap_of_minutes_is_heard_in_pieces_one_right_after_the_other(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(voice(1))
    assert not desk.call.busy
    desk.session.gap(65 * 16_000, "muted", desk.around.time)
    while desk.call.busy:
        desk.hear()
    desk.hear()
    frames = [item.heard.frames for item in desk.of(Audio)]
    assert max(frames) <= 20 * 50
    assert sum(frames) == 66 * 50
    desk.end()
    assert [event.length for event in desk.of(GapNoted)] == [65 * 16_000]


def test_sound_becomes_records_windows_and_readings_in_order(vad: Vad) -> None:
    desk = Desk(vad)
    assert desk.open_legs == [f"{desk.session.id}/customer"]
    desk.write(voice(3))
    desk.hear()
    assert [item.heard.frames for item in desk.of(Audio)] == [150]
    assert [window.stop_frame % 12 for window in desk.waiting] == [3] * len(desk.waiting)
    desk.around.time += 0.25
    desk.answer()
    assert [event.latency_ms for event in desk.of(Readings)][-1] == pytest.approx(330, abs=100)
    assert len(desk.late) == len(desk.of(Readings))
    assert len(desk.of(Answered)) == len(desk.of(Settled)) == len(desk.of(Readings))
    desk.end()
    assert desk.open_legs == []
    assert isinstance(desk.items[0], CoreBegan)
    assert desk.call.facts["customer"]["windows"] == len(desk.of(Answered))


def test_a_recording_is_read_no_faster_than_the_engine_answers(vad: Vad) -> None:
    desk = Desk(vad, pace="file", window=WindowSettings(pending=3))
    desk.write(voice(8))
    for _ in range(20):
        desk.hear()
    assert 3 <= len(desk.waiting) <= 3 + 5
    assert not desk.call.busy
    assert not desk.call.at_end
    desk.answer()
    assert desk.call.busy
    while desk.call.busy:
        desk.hear()
        desk.answer()
    desk.end()
    assert desk.call.facts["customer"]["superseded"] == 0


def test_meters_are_told_of_all_legs_and_overlap_between_them(vad: Vad) -> None:
    desk = Desk(vad, "customer", "agent")
    desk.write(voice(3), voice(3))
    desk.hear()
    desk.call.tell_activity()
    customer, agent = desk.of(Activity)
    assert (customer.leg, agent.leg) == ("customer", "agent")
    assert customer.talk_s == agent.talk_s == customer.overlap_s > 1
    desk.call.tell_activity()
    assert len(desk.of(Activity)) == 2


def test_long_silence_settles_without_an_answer(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(silence(6))
    desk.hear()
    assert desk.waiting == []
    desk.call.rest()
    (readings,) = desk.of(Readings)
    assert set(readings.settled.scores) == {None}
    desk.call.rest()
    assert len(desk.of(Readings)) == 1


def test_a_poor_line_is_judged_where_the_window_ends(vad: Vad) -> None:
    desk = Desk(vad, decision=DecisionSettings(poor_snr_db=50.0))
    noise = np.random.default_rng(0).standard_normal(5 * 16_000).astype(np.float32)
    desk.write(voice(5, pause=1.0) + 0.01 * noise)
    desk.hear()
    desk.answer()
    poor = [undoubt(span[2])[0] for item in desk.of(Answered) for span in item.spans]
    assert poor[0] is False
    assert poor[-1] is True
    assert desk.of(Settled)[-1].poor


def test_failed_windows_leave_holes_and_are_counted(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(voice(3))
    desk.hear()
    desk.answer(failed=True)
    assert desk.of(Readings) == []
    desk.end()
    assert desk.call.facts["customer"]["failed"] > 0


def test_a_withdrawal_drops_the_core_and_what_it_waited_for(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(voice(3))
    desk.hear()
    desk.session.stop_scoring()
    desk.answer()
    desk.call.stop_scoring(erase=False)
    assert desk.of(Readings) == []
    assert [item.finished for item in desk.of(CoreEnded)] == [False]
    assert [mark.at for mark in desk.of(Mark)] == [3 * 16_000]
    desk.write(voice(1))
    desk.hear()
    assert desk.waiting == []
    desk.end()


def test_a_new_core_begins_where_it_was_ordered_and_takes_no_answer_of_the_old_one(
    vad: Vad,
) -> None:
    desk = Desk(vad)
    desk.write(voice(3))
    desk.hear()
    desk.session.stop_scoring()
    desk.write(voice(1))
    desk.hear()
    desk.call.stop_scoring(erase=False)
    assert desk.session.score(desk.session.info, desk.session.stops)
    desk.call.start_scoring([5])
    assert desk.waiting
    desk.answer()
    assert desk.of(Readings) == []
    desk.write(voice(3))
    desk.hear()
    desk.end()
    (ended,), began = desk.of(CoreEnded), desk.of(CoreBegan)
    assert ended.stop_frame == 3 * 50, "what it did not hear any more does not count"
    assert [(core.start_frame, core.phase_frames) for core in began] == [(0, 3), (200, 5)]
    settled = [item.update.settled for item in desk.of(Settled)]
    assert settled[0].start_frame == 200
    assert sum(len(one.valid) for one in settled) == 150
    assert desk.call.legs[0].pending == 0


def test_gaps_are_told_when_they_are_whole(vad: Vad) -> None:
    desk = Desk(vad)
    desk.session.gap(8000, "muted")
    desk.session.gap(8000, "muted")
    desk.hear()
    assert desk.of(GapNoted) == []
    desk.write(voice(1))
    desk.hear()
    assert [(gap.start, gap.length) for gap in desk.of(GapNoted)] == [(0, 16_000)]
    desk.session.gap(320, "device")
    desk.hear()
    desk.end()
    assert [gap.reason for gap in desk.of(GapNoted)] == ["muted", "device"]


def test_a_broken_call_is_closed_as_it_is(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(voice(3))
    desk.hear()
    desk.call.broken = True
    assert desk.call.drain() == []
    desk.call.finish()
    assert desk.of(Readings) == []
    assert desk.open_legs == []
    assert desk.of(Activity)


def test_a_withdrawal_just_before_the_end_is_kept(vad: Vad) -> None:
    desk = Desk(vad)
    desk.write(voice(3))
    desk.hear()
    desk.session.stop_scoring()
    desk.session.end()
    desk.call.finish()
    assert desk.of(Readings) == []
