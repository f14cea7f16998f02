"""The demo call: what the page plays where there is no microphone."""

import numpy as np
import soundfile

from tonewatch.stream.sources.demo import LEGS, demo_call


def test_the_demo_call_is_a_minute_or_so_of_two_legs_in_a_small_file() -> None:
    info = soundfile.info(demo_call())
    assert (info.samplerate, info.channels) == (16_000, len(LEGS))
    assert 60 <= info.frames / info.samplerate <= 90
    assert demo_call().stat().st_size < 1_000_000


def test_its_voices_take_turns_and_nothing_leaks_from_one_leg_into_the_other() -> None:
    samples, _ = soundfile.read(demo_call(), dtype="int16")
    customer, agent = (samples != 0).T
    assert customer.mean() > 0.4
    assert agent.mean() > 0.2
    assert not np.any(customer & agent)


def test_it_is_not_clipped() -> None:
    samples, _ = soundfile.read(demo_call(), dtype="float32")
    assert 0.5 < np.abs(samples).max() < 0.99
