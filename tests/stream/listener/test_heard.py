import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.listener.heard import Heard, quantise


@given(st.lists(st.floats(-2, 2, width=32), max_size=50))
def test_a_16_bit_file_gives_the_quantised_samples_back(values: list[float]) -> None:
    samples = quantise(np.array(values, np.float32))
    steps = (samples * 32768).astype(np.int16)
    np.testing.assert_array_equal(steps.astype(np.float32) / np.float32(32768), samples)
    np.testing.assert_array_equal(quantise(samples), samples)


def test_samples_of_16_bit_sound_pass_unchanged() -> None:
    steps = np.arange(-32768, 32768).astype(np.float32) / np.float32(32768)
    np.testing.assert_array_equal(quantise(steps), steps)


def test_a_part_keeps_its_place() -> None:
    heard = Heard(
        leg="a",
        start_frame=10,
        samples=np.arange(4 * 320, dtype=np.float32) / 32768,
        speech=np.array([True, False, True, False]),
        gap=np.array([False, False, True, True]),
        captured_at=1.0,
    )
    part = heard.part(1, 3)
    assert (part.start_frame, part.stop_frame, part.frames) == (11, 13, 2)
    np.testing.assert_array_equal(part.int16(), np.arange(320, 960))
    assert part.speech.tolist() == [False, True]
    assert part.gap.tolist() == [False, True]
