import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.listener.gate import BLOCK, CONTEXT, SETTLED, Gate, Vad, advance
from tonewatch.stream.listener.heard import quantise
from tonewatch.stream.settings import ListenerSettings

from ..sound import music, silence, voice

LOUD = np.full(10 * 16000, 0.1, np.float32)


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


def scripted(probabilities: list[float], **settings: float) -> tuple[Gate, list[int]]:
    """A gate that was given these probabilities; for each block whether it was open behind it."""
    gate = Gate(ListenerSettings(**settings))  # type: ignore[arg-type]
    state = np.zeros((2, 1, 128), np.float32)
    for probability in probabilities:
        gate.push(np.zeros(BLOCK, np.float32))
        gate.take(probability, state)
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
    gate.push(np.zeros(BLOCK, np.float32))
    gate.take(0.9, np.zeros((2, 1, 128), np.float32))
    assert gate.speech(0, LOUD[:640]).tolist() == [False, True]


def test_what_is_under_the_floor_is_silence_whatever_the_network_says() -> None:
    gate = Gate(ListenerSettings(floor_dbfs=-60.0, level_gain_db=0.0))
    gate.push(np.zeros(2 * BLOCK, np.float32))
    for _ in range(2):
        gate.take(0.9, np.zeros((2, 1, 128), np.float32))
    samples = np.concatenate([np.full(640, 0.01, np.float32), np.full(320, 0.0009, np.float32)])
    assert gate.speech(0, samples).tolist() == [False, True, False]


@settings(deadline=None, max_examples=15)
@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_a_row_is_the_same_alone_and_among_others(rows: int, seed: int) -> None:
    vad, rng = Vad(), np.random.default_rng(seed)
    blocks = (rng.standard_normal((rows, CONTEXT + BLOCK)) * 0.1).astype(np.float32)
    states = (rng.standard_normal((2, rows, 128)) * 0.3).astype(np.float32)
    probabilities, after = vad.run(blocks, states)
    for row in range(rows):
        alone, state = vad.run(blocks[row : row + 1], states[:, row : row + 1])
        assert alone[0] == probabilities[row]
        np.testing.assert_array_equal(state, after[:, row : row + 1])


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

    def run(self, blocks: Float32, state: Float32) -> tuple[Float32, Float32]:
        self.rows += len(blocks)
        return super().run(blocks, state)


def test_the_network_is_not_asked_about_a_long_silence() -> None:
    counting, gate = Counting(), Gate(ListenerSettings())
    blocks = 3 * SETTLED
    gate.push(np.zeros(blocks * BLOCK, np.float32))
    advance([gate], counting)
    assert (counting.rows, gate.ready) == (SETTLED, False)
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


def test_a_loud_line_is_heard_as_it_is() -> None:
    gate = Gate(ListenerSettings())
    loud = (np.random.default_rng(0).standard_normal(2 * BLOCK) * 0.1).astype(np.float32)
    gate.push(loud)
    assert np.array_equal(gate.block[CONTEXT:], loud[:BLOCK])
    assert gate.gain == 1.0


def test_a_voice_that_grows_quiet_is_raised_again_by_and_by() -> None:
    gate = Gate(ListenerSettings(level_fall_db=10.0))
    state = np.zeros((2, 1, 128), np.float32)
    gains = []
    gate.push(np.concatenate([np.full(BLOCK, 0.1, np.float32), np.full(63 * BLOCK, 1e-3, "f4")]))
    while gate.ready:
        gains.append(gate.gain)
        gate.take(0.0, state)
    assert gains[0] == 1.0
    assert gains[-1] == pytest.approx(10 ** ((10 * 63 * 0.032 - 4) / 20), rel=1e-3)
    assert sorted(gains) == gains
