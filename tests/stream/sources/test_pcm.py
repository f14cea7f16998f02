"""The protocol's test vector, its refusals, and the resume rule as a property."""

import json
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.sources.directory import Directory
from tonewatch.stream.sources.pcm import Ingest
from tonewatch.stream.sources.pcm_messages import Action, Close, Hello, PcmLimits, Send

RAMP = np.arange(320, dtype="<i2")
HELLO = {
    "type": "hello",
    "v": 1,
    "rate": 16000,
    "channels": 1,
    "legs": ["customer"],
    "name": "desk 7",
    "token": "t0",
    "notice": {"method": "announced"},
}


class FakeFeed:
    """A session that remembers what it took; `disk` is what of it is durable."""

    def __init__(self, id: str, hello: Hello, resume_hash: str, room: int = 1 << 40) -> None:
        self.id, self.rate, self.channels, self.pace = id, hello.rate, hello.channels, hello.pace
        self.resume_hash = resume_hash
        self.scoring = ("customer",) if hello.notice and "customer" in hello.legs else ()
        self.scoring_reason = "" if self.scoring else "no notice"
        self.room = room
        self.lag_s = 0.0
        self.durable = 0
        self.state: tuple[str, str] | None = None
        self.pieces: list[np.ndarray] = []
        self.marks: list[tuple[str, int | None]] = []

    @property
    def position(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    @property
    def free(self) -> int:
        return max(0, self.room - self.position)

    @property
    def ended(self) -> bool:
        return self.state is not None

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate([np.zeros((0, self.channels)), *self.pieces])

    def write(self, block: Float32, captured_at: float | None = None) -> bool:
        self.pieces.append(np.array(block))
        return True

    def gap(self, length: int, reason: str, captured_at: float | None = None) -> bool:
        self.pieces.append(np.full((length, self.channels), np.nan))
        return True

    def mark(self, name: str, at: int | None = None) -> None:
        self.marks.append((name, at))

    def end(self, state: Literal["ended", "lost"] = "ended", reason: str = "") -> None:
        self.state = state, reason

    def crash(self) -> None:
        """A new process finds what was on disk."""
        self.pieces = [self.sound[: self.durable]]


class FakeHost:
    def __init__(self, room: int = 1 << 40) -> None:
        self.feeds: dict[str, FakeFeed] = {}
        self.room = room

    def open(self, hello: Hello, resume_hash: str) -> FakeFeed:
        feed = FakeFeed(f"s{len(self.feeds)}", hello, resume_hash, self.room)
        self.feeds[feed.id] = feed
        return feed

    def restore(self, session: str, resume_hash: str) -> FakeFeed | None:
        feed = self.feeds.get(session)
        if feed is None or feed.ended or feed.resume_hash != resume_hash:
            return None
        return feed


class World:
    """A server without sockets, and a clock that is turned by hand."""

    def __init__(self, *, room: int = 1 << 40, **limits: Any) -> None:
        self.time = 0.0
        self.host = FakeHost(room)
        self.limits = PcmLimits(**limits)
        self.restart()

    def restart(self) -> None:
        self.directory = Directory(self.host, self.limits, now=lambda: self.time)

    def connect(self, wake: Callable[[], None] = lambda: None, token: str = "") -> Ingest:
        return Ingest(
            self.directory, allow=lambda given: given == "t0", wake=wake, header_token=token
        )

    def begin(self, **changes: Any) -> tuple[Ingest, dict[str, Any], FakeFeed]:
        ingest = self.connect()
        ready = told(ingest.receive_text(json.dumps({**HELLO, **changes})))[0]
        return ingest, ready, self.host.feeds[ready["session"]]

    def resume(self, ready: dict[str, Any], wake: Callable[[], None] = lambda: None) -> Any:
        ingest = self.connect(wake)
        asked = {
            "type": "resume",
            "v": 1,
            "session": ready["session"],
            "resume_token": ready["resume_token"],
            "token": "t0",
        }
        return ingest, ingest.receive_text(json.dumps(asked))


def told(actions: list[Action]) -> list[dict[str, Any]]:
    return [json.loads(action.text) for action in actions if isinstance(action, Send)]


def code(actions: list[Action]) -> int | None:
    return next((action.code for action in actions if isinstance(action, Close)), None)


def say(ingest: Ingest, **message: Any) -> list[Action]:
    return ingest.receive_text(json.dumps(message))


def test_the_vector_of_the_protocol_in_one_process() -> None:
    world = World()
    ingest, ready, feed = world.begin()
    assert ready | {"session": "", "resume_token": "", "server_time": ""} == {
        "type": "ready",
        "v": 1,
        "session": "",
        "resume_token": "",
        "next": 0,
        "scoring": ["customer"],
        "max_message": 65536,
        "window": 160000,
        "resume_for": 60,
        "server_time": "",
    }
    assert ingest.receive_bytes(RAMP.tobytes()) == []
    ingest.disconnected()
    ingest, answer = world.resume(ready)
    assert told(answer)[0]["next"] == 320
    say(ingest, type="gap", to=16320, reason="muted")
    ended = say(ingest, type="end")
    assert told(ended) == [
        {"type": "ended", "next": 16320, "duration_s": 1.02, "session": ready["session"]}
    ]
    assert code(ended) == 1000
    assert np.array_equal(feed.sound[:320, 0] * 32768, RAMP)
    assert np.isnan(feed.sound[320:]).all()
    assert feed.state == ("ended", "")


def test_the_vector_after_a_crash_with_nothing_durable() -> None:
    world = World()
    ingest, ready, feed = world.begin()
    ingest.receive_bytes(RAMP.tobytes())
    feed.crash()
    world.restart()
    ingest, answer = world.resume(ready)
    assert told(answer)[0]["next"] == 0
    ingest.receive_bytes(RAMP.tobytes())
    say(ingest, type="gap", to=16320, reason="muted")
    assert told(say(ingest, type="end"))[0]["next"] == 16320
    assert np.array_equal(feed.sound[:320, 0] * 32768, RAMP)


def test_without_a_notice_nothing_is_scored_and_ready_says_why() -> None:
    _, ready, _ = World().begin(notice=None)
    assert ready["scoring"] == []
    assert ready["scoring_reason"] == "no notice"


@pytest.mark.parametrize(
    ("text", "close"),
    [
        ("no json", 4400),
        ("[1]", 4400),
        ('{"type": 7}', 4400),
        ('{"type": "gap", "to": 5}', 4400),
        (json.dumps({**HELLO, "v": 2}), 4400),
        (json.dumps({**HELLO, "rate": 11025}), 4415),
        (json.dumps({**HELLO, "rate": "16000"}), 4400),
        (json.dumps({**HELLO, "channels": 3, "legs": ["a", "b", "c"]}), 4415),
        (json.dumps({**HELLO, "channels": 2}), 4400),
        (json.dumps({**HELLO, "channels": 2, "legs": ["customer", "customer"]}), 4400),
        (json.dumps({**HELLO, "legs": ["a/b"]}), 4400),
        (json.dumps({**HELLO, "name": "x" * 129}), 4400),
        (json.dumps({**HELLO, "notice": {"method": "telepathy"}}), 4400),
        (json.dumps({**HELLO, "meta": {"long": "x" * 3000}}), 4400),
        (json.dumps({**HELLO, "token": "wrong"}), 4401),
        (json.dumps({"type": "resume", "v": 1, "session": "x", "resume_token": "y"}), 4401),
        (
            json.dumps(
                {"type": "resume", "v": 1, "session": "x", "resume_token": "y", "token": "t0"}
            ),
            4404,
        ),
        (" " * 70_000, 1009),
    ],
)
def test_a_wrong_first_message_is_refused_with_its_code(text: str, close: int) -> None:
    ingest = World().connect()
    actions = ingest.receive_text(text)
    assert code(actions) == close
    error = told(actions)[0]
    assert error["type"] == "error"
    assert error["fatal"]
    assert error["detail"]
    assert ingest.closed
    assert ingest.receive_text(json.dumps(HELLO)) == []


def test_the_token_of_the_request_counts_too() -> None:
    ingest = World().connect(token="t0")
    assert told(ingest.receive_text(json.dumps({**HELLO, "token": ""})))[0]["type"] == "ready"


def test_samples_before_hello_are_refused() -> None:
    assert code(World().connect().receive_bytes(RAMP.tobytes())) == 4400


def test_half_a_sample_frame_is_refused() -> None:
    ingest, _, _ = World().begin(channels=2, legs=["customer", "agent"])
    assert code(ingest.receive_bytes(b"\0" * 6)) == 4400


def test_two_channels_are_taken_apart() -> None:
    ingest, _, feed = World().begin(channels=2, legs=["customer", "agent"])
    ingest.receive_bytes(np.array([1, -1, 2, -2], "<i2").tobytes())
    assert (feed.sound * 32768).tolist() == [[1, -1], [2, -2]]


def test_a_message_that_is_too_large_closes_with_1009() -> None:
    ingest, _, _ = World().begin()
    assert code(ingest.receive_bytes(b"\0" * 65_538)) == 1009


def test_a_second_hello_is_refused() -> None:
    ingest, _, _ = World().begin()
    assert code(say(ingest, **HELLO)) == 4400


def test_a_gap_backwards_is_refused() -> None:
    ingest, _, _ = World().begin()
    ingest.receive_bytes(RAMP.tobytes())
    assert code(say(ingest, type="gap", to=319)) == 4400


def test_unknown_messages_and_fields_are_ignored() -> None:
    ingest, _, feed = World().begin(colour="blue")
    assert say(ingest, type="transcript", text="hello") == []
    assert ingest.receive_bytes(RAMP.tobytes()) == []
    assert feed.position == 320


def test_no_first_message_in_time_closes_with_4408() -> None:
    world = World()
    ingest = world.connect()
    world.time = 4.9
    assert ingest.tick() == []
    world.time = 5.1
    assert code(ingest.tick()) == 4408


def test_silence_closes_with_4408_and_the_session_waits_for_its_sender() -> None:
    world = World()
    ingest, ready, feed = world.begin()
    world.time = 29.0
    assert code(ingest.tick()) is None
    say(ingest, type="gap", to=320)
    world.time = 58.0
    assert code(ingest.tick()) is None
    world.time = 60.0
    assert code(ingest.tick()) == 4408
    world.time = 119.0
    world.directory.tick()
    assert feed.state is None
    ingest, answer = world.resume(ready)
    assert told(answer)[0]["next"] == 320


def test_who_stays_away_too_long_is_lost_and_must_say_hello_again() -> None:
    world = World()
    ingest, ready, feed = world.begin()
    ingest.disconnected()
    world.time = 61.0
    world.directory.tick()
    assert feed.state == ("lost", "the sender did not come back")
    assert len(world.directory) == 0
    assert code(world.resume(ready)[1]) == 4404


def test_a_wrong_resume_token_gets_nothing() -> None:
    world = World()
    _, ready, feed = world.begin()
    assert code(world.resume({**ready, "resume_token": "guess"})[1]) == 4404
    assert not feed.ended


def test_the_newest_connection_wins_and_the_old_one_is_told_4409() -> None:
    world, woken = World(), []
    old, ready, feed = world.begin()
    old._wake = lambda: woken.append(True)  # type: ignore[assignment]
    old.receive_bytes(RAMP.tobytes())
    new, answer = world.resume(ready)
    assert told(answer)[0]["next"] == 320
    assert woken
    assert code(old.receive_bytes(RAMP.tobytes())) == 4409
    new.receive_bytes(RAMP.tobytes())
    old.disconnected()
    assert feed.position == 640
    world.time = 100.0
    new.receive_bytes(RAMP.tobytes())
    world.directory.tick()
    assert not feed.ended


def test_acks_come_every_second_with_what_is_durable() -> None:
    world = World()
    ingest, _, feed = world.begin()
    ingest.receive_bytes(RAMP.tobytes())
    world.time, feed.durable = 0.9, 320
    assert ingest.tick() == []
    world.time = 1.0
    assert told(ingest.tick()) == [{"type": "ack", "next": 320, "durable": 320, "lag_ms": 0}]
    world.time = 2.5
    assert ingest.tick() == []
    world.time = 11.0
    assert told(ingest.tick())[0]["type"] == "ack"


def test_a_live_sender_is_told_when_the_server_is_behind() -> None:
    world = World()
    ingest, _, feed = world.begin()
    feed.lag_s, world.time = 2.0, 1.0
    assert told(ingest.receive_bytes(RAMP.tobytes())) == [
        {"type": "ack", "next": 320, "durable": 0, "lag_ms": 2000},
        {"type": "slow", "lag_ms": 2000},
    ]


def test_a_file_sender_is_held_back_by_acks_and_loses_nothing() -> None:
    world = World(room=16_000)
    ingest, _, feed = world.begin(pace="file")
    second = np.zeros(16_000, "<i2").tobytes()
    acked = [m["next"] for _ in range(10) for m in told(ingest.receive_bytes(second))]
    assert feed.position == 16_000
    assert not any(next_ > 16_000 for next_ in acked)
    assert ingest.tick_s < 0.1
    feed.room = 160_000
    acked = [message["next"] for message in told(ingest.tick())]
    assert acked == [160_000]


def test_who_runs_two_windows_ahead_is_closed_with_4413() -> None:
    world = World(room=0)
    ingest, _, _ = world.begin()
    second = np.zeros(16_000, "<i2").tobytes()
    codes = [code(ingest.receive_bytes(second)) for _ in range(21)]
    assert codes == [None] * 20 + [4413]


def test_an_end_waits_for_what_has_not_been_taken() -> None:
    world = World(room=0)
    ingest, _, feed = world.begin(pace="file")
    ingest.receive_bytes(RAMP.tobytes())
    assert say(ingest, type="end") == []
    assert not feed.ended
    feed.room = 320
    assert told(ingest.tick())[0]["next"] == 320
    assert feed.ended


def test_a_session_that_was_stopped_here_tells_its_sender() -> None:
    world = World()
    ingest, ready, feed = world.begin()
    feed.end()
    actions = ingest.tick()
    assert told(actions)[0]["type"] == "ended"
    assert code(actions) == 1000
    assert code(world.resume(ready)[1]) == 4404


def test_a_token_holds_so_many_sessions_and_no_more() -> None:
    world = World(per_token=2)
    world.begin()
    world.begin()
    actions = world.connect().receive_text(json.dumps(HELLO))
    assert code(actions) == 4429
    assert told(actions)[0]["retry_s"] > 0


def test_a_session_ends_at_its_longest() -> None:
    world = World(session_s=1.0)
    ingest, _, feed = world.begin()
    actions = ingest.receive_bytes(np.zeros(16_000, "<i2").tobytes())
    assert told(actions)[0]["code"] == "session_limit"
    assert feed.ended
    assert code(ingest.tick()) == 1000


def test_marks_and_keys_stand_at_their_place_and_keys_are_not_told() -> None:
    ingest, _, feed = World().begin()
    ingest.receive_bytes(RAMP.tobytes())
    say(ingest, type="mark", name="transfer", at=100)
    say(ingest, type="mark", name="here")
    say(ingest, type="dtmf", leg="customer", digit="5")
    assert feed.marks == [("transfer", 100), ("here", 320), ("key pressed: customer", 320)]
    assert "5" not in feed.marks[2][0]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_cut_and_no_crash_loses_or_doubles_a_sample(data: st.DataObject) -> None:
    """A client that keeps its samples from `durable` on; connections cut and servers killed at any
    moment, half of the time with sound that the client lost too."""
    world = World()
    total = data.draw(st.integers(1, 4000), label="samples")
    truth = data.draw(st.integers(0, 1 << 30).map(np.random.default_rng), label="sound").integers(
        -32768, 32768, total, dtype="<i2"
    )
    lost_from, lost_to = sorted(
        data.draw(st.tuples(st.integers(0, total), st.integers(0, total)), label="lost")
    )
    ingest, ready, feed = world.begin(rate=8000)
    sent = 0
    while sent < total:
        step = data.draw(st.sampled_from(["send", "send", "send", "sync", "cut", "kill"]))
        world.time += 0.1
        if step == "send":
            size = data.draw(st.integers(1, 700))
            if lost_from <= sent < lost_to:
                assert code(say(ingest, type="gap", to=lost_to, reason="overflow")) is None
                sent = lost_to
            stop = min(total, sent + size, *([lost_from] if sent < lost_from else []))
            if stop > sent:
                assert code(ingest.receive_bytes(truth[sent:stop].tobytes())) is None
                sent = stop
        elif step == "sync":
            feed.durable = data.draw(st.integers(feed.durable, feed.position))
            ingest.tick()
        else:
            if step == "kill":
                feed.crash()
                world.restart()
            elif data.draw(st.booleans()):
                ingest.disconnected()
            ingest, answer = world.resume(ready)
            again = told(answer)[0]["next"]
            assert feed.durable <= again <= sent
            sent = again
    assert told(say(ingest, type="end"))[0]["next"] == total
    heard = feed.sound[:, 0] * 32768
    missing = np.isnan(heard)
    assert np.array_equal(heard[~missing], truth[~missing])
    assert not missing[:lost_from].any()
    assert not missing[lost_to:].any()
    assert len(heard) == total
