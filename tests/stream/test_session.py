import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.stream.house import LONG_S, spec

from tonewatch.stream.audio import Chunk, Gap
from tonewatch.stream.events import Event, Mark, Notice, SessionChanged, SessionInfo
from tonewatch.stream.law import rule
from tonewatch.stream.session import Session, SessionLinks
from tonewatch.stream.session_spec import first_info
from tonewatch.stream.settings import MonitorSettings


class Around:
    """A session with nothing behind it."""

    def __init__(self, *legs: str, rate: int = 8000, ring_s: float = 1.0, start: int = 0) -> None:
        self.time = 100.0
        self.told: list[Event] = []
        self.changed: list[SessionInfo] = []
        self.stopped: list[bool] = []
        self.started: list[Notice | None] = []
        self.frames = 0
        made = spec(*legs, rate=rate)
        ruling = rule(
            "ingest", [(leg.name, leg.role) for leg in made.legs], made.notice, MonitorSettings()
        )
        self.session = Session(
            first_info(made, ruling, started_at="2026-11-21T05:00:00Z", hop_ms=240),
            made,
            ring_s=ring_s,
            start=start,
            links=SessionLinks(
                tell=self.told.append,
                changed=self.changed.append,
                wake=lambda: None,
                start_scoring=lambda session, notice: self.started.append(notice),
                stop_scoring=lambda session, erase: self.stopped.append(erase),
                durable=lambda session: self.frames,
                now=lambda: self.time,
            ),
        )


def block(length: int, channels: int = 1) -> np.ndarray:
    return np.full((length, channels), 0.5, np.float32)


def items(session: Session, channel: int = 0) -> list[tuple[type, int, int]]:
    return [(type(item), item.start, item.stop) for item in session.rings[channel].read()]


def test_a_session_that_is_left_takes_no_more_and_keeps_its_state() -> None:
    session = Around().session
    session.leave()
    assert (session.left, session.ended, session.write(block(80))) == (True, True, False)
    assert session.info.state == "live"
    ended = Around().session
    ended.end()
    ended.leave()
    assert not ended.left


def test_channels_go_into_legs_at_the_same_positions() -> None:
    session = Around("customer", "agent").session
    both = np.stack([np.full(160, 0.25), np.full(160, -0.25)], axis=1).astype(np.float32)
    assert session.write(both, 7.0)
    session.gap(40, "muted")
    for channel, value in enumerate((0.25, -0.25)):
        chunk, gap = session.rings[channel].read()
        assert isinstance(chunk, Chunk)
        assert set(chunk.samples.tolist()) == {value}
        assert chunk.captured_at == 7.0
        assert isinstance(gap, Gap)
        assert (gap.start, gap.length, gap.reason) == (160, 40, "muted")
    assert session.position == 200


def test_a_block_of_another_shape_is_refused() -> None:
    session = Around("customer", "agent").session
    with pytest.raises(ValueError, match=r"expected samples \[n, 2\], got \(5, 1\)"):
        session.write(block(5))


def test_a_pause_takes_up_time_and_nothing_else() -> None:
    around = Around()
    session = around.session
    session.write(block(10))
    session.pause()
    assert session.write(block(20))
    session.gap(5, "muted")
    session.resume()
    session.write(block(10))
    assert items(session) == [(Chunk, 0, 10), (Gap, 10, 35), (Chunk, 35, 45)]
    states = [event.session.state for event in around.told if isinstance(event, SessionChanged)]
    assert states == ["paused", "live"]
    assert [info.state for info in around.changed] == states


def test_after_the_end_nothing_is_taken() -> None:
    session = Around().session
    session.end("lost", "gone")
    session.end("ended")
    assert session.ended
    assert session.end_asked == ("lost", "gone")
    assert not session.write(block(10))
    assert not session.gap(10, "muted")
    assert session.position == 0


def test_a_feeder_waits_for_room_and_wakes_when_the_session_ends() -> None:
    session = Around(ring_s=1.0).session
    session.write(block(8000))
    assert session.free == 0
    assert not session.wait_free(1, 0.0)
    done = threading.Event()
    waiting = threading.Thread(target=lambda: (session.wait_free(1, LONG_S), done.set()))
    waiting.start()
    session.rings[0].read()
    session.drained()
    assert done.wait(LONG_S)
    waiting.join()
    assert not session.wait_ended(0.0)
    waiting = threading.Thread(target=lambda: session.wait_ended(LONG_S))
    waiting.start()
    session.end()
    waiting.join(LONG_S)
    assert not waiting.is_alive()


def test_what_is_durable_is_counted_in_the_sources_own_samples() -> None:
    around = Around(rate=44_100, start=44_100)
    assert around.session.position == 44_100
    around.frames = 25
    assert around.session.durable == 22_050
    around.frames = 500
    assert around.session.durable == 44_100
    assert around.session.lag_s == 0.0
    around.session.write(block(4410))
    assert around.session.lag_s == pytest.approx(0.1)


def test_only_samples_keep_a_session_alive() -> None:
    around = Around()
    around.time = 105.0
    around.session.gap(10, "device")
    assert around.session.last_sound_at == 100.0
    around.session.write(block(10))
    assert around.session.last_sound_at == 105.0


def test_orders_change_the_state_and_tell_it() -> None:
    around = Around()
    session = around.session
    assert session.scoring == ("customer",)
    session.rename("desk 7")
    session.rename("desk 7")
    session.put_folder("outputs_x")
    session.stop_scoring(erase=True)
    session.mark("here", 4000)
    assert around.stopped == [True]
    assert session.scoring == ()
    assert (session.info.name, session.info.folder) == ("desk 7", "outputs_x")
    assert len([event for event in around.told if isinstance(event, SessionChanged)]) == 3
    assert [event.at for event in around.told if isinstance(event, Mark)] == [8000]


def test_an_order_to_start_that_is_older_than_one_to_stop_has_no_effect() -> None:
    around = Around()
    session = around.session
    session.stop_scoring()
    session.start_scoring(Notice(method="spoken"))
    assert around.started == [Notice(method="spoken")]
    assert session.scoring == (), "it is the signal thread that begins"
    ruled, stops = replace(session.info, notice=Notice(method="spoken")), session.stops
    session.stop_scoring()
    assert not session.score(ruled, stops)
    assert session.scoring == ()
    assert session.score(ruled, session.stops)
    assert (session.scoring, session.scoring_reason) == (("customer",), "")
    assert session.info.notice == Notice(method="spoken")


def test_the_last_state_stands() -> None:
    around = Around()
    sealed = around.session.seal("ended", "2026-11-21T06:00:00Z")
    around.session.rename("too late")
    assert around.session.info is sealed
    assert not around.session.wait_closed(0.0)
    around.session.close()
    assert around.session.wait_closed(0.0)
    assert around.told == []
