import numpy as np
import pytest
from tests.stream.sources.test_pcm import HELLO, FakeHost

from tonewatch.stream.sources.directory import Directory, Stream, hash_of, to_samples
from tonewatch.stream.sources.pcm_messages import Hello, PcmLimits, RefusedError


class World:
    def __init__(self, *, room: int = 1 << 40, **limits: float) -> None:
        self.time = 0.0
        self.host = FakeHost(room)
        self.directory = Directory(
            self.host, PcmLimits(**limits), now=lambda: self.time, make_token=lambda: "b1"
        )

    def open(self, **changes: object) -> Stream:
        hello = {key: value for key, value in {**HELLO, **changes}.items() if key != "type"}
        stream, token = self.directory.open(Hello.model_validate(hello), "t0")
        assert token == "b1"
        stream.owner, stream.left_at = object(), None
        return stream


def ramp(start: int, length: int) -> np.ndarray:
    return np.arange(start, start + length, dtype=np.float32)[:, None]


def test_samples_are_what_a_16_bit_file_would_give() -> None:
    data = np.array([0, 1, -32768, 32767], "<i2").tobytes()
    assert to_samples(data, 2).tolist() == [[0, 1 / 32768], [-1, 32767 / 32768]]
    assert to_samples(data, 2).dtype == np.float32


def test_of_a_token_only_its_hash_is_kept() -> None:
    world = World()
    stream = world.open()
    assert stream.resume_hash == hash_of("b1")
    assert world.host.feeds["s0"].resume_hash == hash_of("b1")
    assert "b1" not in vars(stream).values()


def test_what_does_not_fit_waits_in_order() -> None:
    world = World(room=500)
    stream = world.open()
    stream.push(ramp(0, 300), 0.0)
    stream.push(ramp(300, 300), 0.0)
    stream.skip_to(900, "muted", 0.0)
    stream.push(ramp(900, 100), 0.0)
    feed = world.host.feeds["s0"]
    assert (feed.position, stream.taken, stream.received, stream.waiting) == (300, 300, 1000, 400)
    feed.room = 700
    world.directory.tick()
    assert (feed.position, stream.waiting) == (700, 100)
    feed.room = 1000
    world.directory.tick()
    sound = feed.sound[:, 0]
    assert np.array_equal(sound[:600], np.arange(600))
    assert np.isnan(sound[600:900]).all()
    assert np.array_equal(sound[900:], np.arange(900, 1000))


def test_live_sound_does_not_wait_for_ever_and_a_files_does() -> None:
    for pace, position in (("live", 320), ("file", 0)):
        world = World(room=0)
        stream = world.open(pace=pace)
        stream.push(ramp(0, 320), 0.0)
        world.time = 10.1
        world.directory.tick()
        assert world.host.feeds["s0"].position == position


def test_who_left_may_come_back_for_a_while() -> None:
    world = World(resume_for_s=60.0)
    stream = world.open()
    world.directory.leave(stream)
    world.time = 59.0
    world.directory.tick()
    assert world.directory.resume("s0", "b1", "t0") is stream
    world.time = 61.0
    world.directory.tick()
    assert world.host.feeds["s0"].state == ("lost", "the sender did not come back")
    with pytest.raises(RefusedError, match="begin with `hello`"):
        world.directory.resume("s0", "b1", "t0")


def test_a_session_that_nobody_ever_took_up_again_is_lost_too() -> None:
    world = World()
    stream = world.open()
    world.directory = Directory(world.host, PcmLimits(), now=lambda: world.time)
    again = world.directory.resume("s0", "b1", "t0")
    assert again is not stream
    world.time = 61.0
    world.directory.tick()
    assert world.host.feeds["s0"].ended


def test_an_ended_session_is_forgotten_when_its_sender_has_gone() -> None:
    world = World()
    stream = world.open()
    stream.ending = True
    stream.pump(0.0)
    world.directory.tick()
    assert len(world.directory) == 1
    world.directory.leave(stream)
    world.directory.tick()
    assert len(world.directory) == 0
    assert world.host.feeds["s0"].state == ("ended", "")
