from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.listener.gate import BLOCK, CONTEXT, SETTLED, TOGETHER, Gate, Vad, advance
from tonewatch.stream.listener.heard import quantise
from tonewatch.stream.settings import ListenerSettings

from ..sound import music, silence, voice

LOUD = np.full(10 * 16000, 0.1, np.float32)


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


def told(gate: Gate, probabilities: list[float], power: float = 0.1) -> None:
    """As if the network had read so many blocks."""
    gate.push(np.zeros(len(probabilities) * BLOCK, np.float32))
    gate.level([power] * len(probabilities))
    gate.take(probabilities, gate.state)


def scripted(probabilities: list[float], **settings: float) -> tuple[Gate, list[int]]:
    """A gate that was given these probabilities; for each block whether it was open behind it."""
    gate = Gate(ListenerSettings(**settings))  # type: ignore[arg-type]
    told(gate, probabilities)
    flags = gate.speech(0, LOUD[: len(probabilities) * BLOCK // 320 * 320])
    # Frame k ends at (k + 1) * 320; the first frame that ends at or behind block b shows it.
    return gate, [int(flags[-(-(b + 1) * BLOCK // 320) - 1]) for b in range(len(probabilities) - 1)]


def test_the_gate_opens_above_one_threshold_and_closes_under_another() -> None:
    _, open_ = scripted([0.4, 0.6, 0.4, 0.4, 0.1, 0.1, 0.4, 0.1], speech_hold_s=0.0)
    assert open_ == [0, 1, 1, 1, 0, 0, 0]


def test_a_short_pause_does_not_close_it() -> None:
    _, open_ = scripted([0.9, *[0.1] * 6, 0.9, *[0.1] * 8], speech_hold_s=0.2)
    assert open_ == [1] * 14 + [0]


def test_a_flag_looks_at_no_block_that_has_not_ended_by_the_frames_end() -> None:
    gate = Gate(ListenerSettings())
    told(gate, [0.9])
    assert gate.speech(0, LOUD[:640]).tolist() == [False, True]


def test_what_is_under_the_floor_is_silence_whatever_the_network_says() -> None:
    gate = Gate(ListenerSettings(floor_dbfs=-60.0, level_gain_db=0.0))
    told(gate, [0.9] * 2, power=0.0)
    samples = np.concatenate([np.full(640, 0.01, np.float32), np.full(320, 0.0009, np.float32)])
    assert gate.speech(0, samples).tolist() == [False, True, False]


PUBLISHED = [
    0.03749, 0.02345, 0.98345, 0.98188, 0.98475, 0.97617, 0.94846, 0.92665, 0.92289, 0.9465,
    0.78595, 0.78757, 0.97865, 0.99603, 0.99567, 0.98593, 0.32232, 0.19411, 0.05588, 0.02502,
    0.01842, 0.01703, 0.01712, 0.80118, 0.95179, 0.89489, 0.7964, 0.7453, 0.69684, 0.69398, 0.8832,
]  # fmt: skip
"""What the graph of Silero VAD 6.2, as published, says of the blocks of the sound below."""


def test_the_network_says_what_the_published_one_says(vad: Vad) -> None:
    sound = quantise(voice(1.0))
    sound[8000:12000] = 0
    sound = np.concatenate([np.zeros(CONTEXT, np.float32), sound])
    blocks = np.lib.stride_tricks.sliding_window_view(sound, CONTEXT + BLOCK)[::BLOCK]
    state = np.zeros((2, 1, 128), np.float32)
    probabilities, _ = vad.run(np.ascontiguousarray(blocks), [len(blocks)], state)
    np.testing.assert_allclose(probabilities, PUBLISHED, atol=1e-4)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=30), st.integers(0, 2**32 - 1))
def test_a_leg_is_the_same_alone_and_among_others_and_block_by_block(
    vad: Vad, counts: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks = (rng.standard_normal((sum(counts), CONTEXT + BLOCK)) * 0.1).astype(np.float32)
    states = (rng.standard_normal((2, len(counts), 128)) * 0.3).astype(np.float32)
    probabilities, after = vad.run(blocks, counts, states)
    mine = np.split(blocks, np.cumsum(counts)[:-1])
    answers = np.split(probabilities, np.cumsum(counts)[:-1])
    for leg, (count, rows) in enumerate(zip(counts, mine, strict=True)):
        alone, state = vad.run(rows, [count], states[:, leg : leg + 1])
        np.testing.assert_array_equal(alone, answers[leg])
        np.testing.assert_array_equal(state, after[:, leg : leg + 1])
        state = states[:, leg : leg + 1]
        for row in range(count):
            one, state = vad.run(rows[row : row + 1], [1], state)
            assert one[0] == answers[leg][row]
        np.testing.assert_array_equal(state, after[:, leg : leg + 1])


def pushed(sounds: list[Float32], size: int, vad: Vad) -> list[list[bool]]:
    gates = [Gate(ListenerSettings()) for _ in sounds]
    for at in range(0, max(map(len, sounds)), size):
        for gate, sound in zip(gates, sounds, strict=True):
            gate.push(sound[at : at + size])
        advance(gates, vad)
    return [
        gate.speech(0, sound[: len(sound) // 320 * 320]).tolist()
        for gate, sound in zip(gates, sounds, strict=True)
    ]


def test_gates_of_different_lengths_advance_together_as_they_would_alone(vad: Vad) -> None:
    sounds = [voice(1.0), voice(2.0, f0=200.0), silence(1.5)]
    alone = [pushed([sound], 512, vad)[0] for sound in sounds]
    assert pushed(sounds, 700, vad) == alone
    assert any(alone[0])
    assert not any(alone[2])


class Counting(Vad):
    """Counts the blocks that the network reads."""

    rows = 0
    most = 0

    def run(
        self, blocks: Float32, counts: Sequence[int], state: Float32
    ) -> tuple[Float32, Float32]:
        self.rows += len(blocks)
        self.most = max(self.most, *counts)
        return super().run(blocks, counts, state)


def test_sound_that_has_waited_for_long_is_read_in_pieces() -> None:
    counting, gate = Counting(), Gate(ListenerSettings())
    gate.push(np.full((2 * TOGETHER + 5) * BLOCK, 0.1, np.float32))
    advance([gate], counting)
    assert (counting.rows, counting.most) == (2 * TOGETHER + 5, TOGETHER)
    assert not gate.blocks


def test_the_network_is_not_asked_about_a_long_silence() -> None:
    counting, gate = Counting(), Gate(ListenerSettings())
    blocks = 3 * SETTLED
    gate.push(np.zeros(blocks * BLOCK, np.float32))
    advance([gate], counting)
    assert (counting.rows, gate.blocks) == (SETTLED, [])
    gate.push(np.full(BLOCK, 0.1, np.float32))
    advance([gate], counting)
    assert counting.rows == SETTLED + 1, "whatever can be heard is read"


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=12))
def test_a_silence_passed_by_is_the_same_in_any_pieces(vad: Vad, cuts: list[int]) -> None:
    quiet = np.zeros(20 * BLOCK, np.float32)
    sound = np.concatenate([voice(1.0), quiet, voice(0.5), quiet, voice(0.5)])
    sound = sound[: len(sound) // 320 * 320]
    whole, pieces = Gate(ListenerSettings()), Gate(ListenerSettings())
    whole.push(sound)
    advance([whole], vad)
    for part in np.split(sound, sorted(set(np.minimum(np.cumsum(cuts), len(sound))))):
        pieces.push(part)
        advance([pieces], vad)
    assert np.array_equal(whole.state, pieces.state)
    assert np.array_equal(whole.speech(0, sound), pieces.speech(0, sound))


def at_level(sound: Float32, dbfs: float) -> Float32:
    """The sound with a mean level, in 16 bits, whole frames."""
    power = float(np.mean(sound.astype(np.float64) ** 2))
    samples = quantise(np.asarray(sound * np.sqrt(10 ** (dbfs / 10) / power), np.float32))
    return samples[: len(samples) // 320 * 320]


def share_of_speech(sound: Float32, vad: Vad, **settings: float) -> float:
    gate = Gate(ListenerSettings(**settings))  # type: ignore[arg-type]
    gate.push(sound)
    advance([gate], vad)
    return float(gate.speech(0, sound).mean())


@pytest.mark.parametrize("dbfs", [-20.0, -50.0, -70.0, -80.0])
def test_a_voice_is_heard_at_any_level_that_16_bits_hold(vad: Vad, dbfs: float) -> None:
    assert share_of_speech(at_level(voice(4.0), dbfs), vad) > 0.9


def test_without_the_levelled_copy_a_quiet_voice_is_lost(vad: Vad) -> None:
    assert share_of_speech(at_level(voice(4.0), -76.0), vad, level_gain_db=0.0) < 0.1


def hum(seconds: float) -> Float32:
    """Mains hum: 50 Hz and its harmonics."""
    t = np.arange(int(seconds * 16_000)) / 16_000
    parts = [np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3, 4, 5, 7)]
    return np.asarray(np.sum(parts, axis=0), np.float32)


@pytest.mark.parametrize("dbfs", [-30.0, -60.0, -72.0, -80.0, -88.0])
def test_quiet_noise_hum_and_music_are_no_speech(vad: Vad, dbfs: float) -> None:
    rng = np.random.default_rng(0)
    white = rng.standard_normal(64_000).astype(np.float32)
    red = np.cumsum(white) - np.convolve(np.cumsum(white), np.full(400, 1 / 400), "same")
    for sound in (white, np.asarray(red, np.float32), hum(4.0), music(4.0)):
        assert share_of_speech(at_level(sound, dbfs), vad) == 0.0


class Hearing(Vad):
    """Keeps what the network is given."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Float32] = []

    def run(
        self, blocks: Float32, counts: Sequence[int], state: Float32
    ) -> tuple[Float32, Float32]:
        self.heard += list(blocks)
        return super().run(blocks, counts, state)


def test_a_loud_line_is_heard_as_it_is_and_a_quiet_one_beside_it_louder() -> None:
    rng, hearing = np.random.default_rng(0), Hearing()
    loud = quantise((rng.standard_normal(2 * BLOCK) * 0.1).astype(np.float32))
    gates = [Gate(ListenerSettings()) for _ in range(2)]
    gates[0].push(loud)
    gates[1].push(quantise(loud / 100))
    advance(gates, hearing)
    assert np.array_equal(hearing.heard[0][CONTEXT:], loud[:BLOCK])
    assert np.array_equal(hearing.heard[1], loud[BLOCK - CONTEXT :])
    raised = [float(np.mean(block**2) / np.mean(loud**2)) for block in hearing.heard[2:]]
    assert all(0.05 < part < 2.0 for part in raised), "by 30 dB at most, of 40"


def test_a_voice_that_grows_quiet_is_raised_again_by_and_by() -> None:
    gate = Gate(ListenerSettings(level_fall_db=10.0))
    gains = gate.level([0.1**2, *[1e-3**2] * 63])
    assert gains[0] == 1.0
    assert gains[-1] == pytest.approx(10 ** ((10 * 63 * 0.032 - 4) / 20), rel=1e-3)
    assert sorted(gains) == gains
