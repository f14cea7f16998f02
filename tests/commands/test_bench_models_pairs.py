import numpy as np
import pytest

from tonewatch.commands.bench_models_cost import Costs
from tonewatch.commands.bench_models_pairs import PAIRS, settings_of, spaced, work_of
from tonewatch.models.window import Window


def windows(*ends: int) -> list[Window]:
    """Windows of a second that end at frames."""
    sound = np.zeros(16_000, np.float32)
    return [
        Window(leg="a", start_frame=end - 50, samples=sound, speech=1.0, captured_at=0.0)
        for end in ends
    ]


def test_windows_are_taken_no_nearer_than_asked() -> None:
    some = windows(50, 74, 98, 122, 146, 400)
    assert [window.stop_frame for window in spaced(some, 1.0)] == [50, 122, 400]
    assert spaced(some, 0.0) == some


def test_work_is_what_windows_of_their_lengths_cost() -> None:
    costs = Costs(processor={16_000: (2.0,), 48_000: (6.0,)}, wall={})
    assert work_of(windows(50, 74), costs) == pytest.approx(4.0)


def test_settings_of_every_pair_are_valid_and_the_hop_is_stretched() -> None:
    for change, _ in PAIRS.values():
        assert settings_of(480, **change).window.hop_ms == 480
    assert settings_of(480, stretch=2).window.hop_ms == 960
