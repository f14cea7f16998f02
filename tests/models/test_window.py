"""What crosses the engine's door cannot be changed, and has the right shape."""

import numpy as np
import pytest

from tonewatch.models.labels import LABELS
from tonewatch.models.window import Frames, Window


def window(samples: np.ndarray) -> Window:
    return Window(leg="s/a", start_frame=10, samples=samples, speech=1.0, captured_at=0.0)


def frames(logits: np.ndarray, features: np.ndarray) -> Frames:
    return Frames(leg="s/a", start_frame=10, logits=logits, features=features, captured_at=0.0)


def test_a_window_knows_where_it_ends() -> None:
    assert window(np.zeros(16_000, np.float32)).stop_frame == 60


def test_what_was_handed_over_is_read_only() -> None:
    samples, logits = np.zeros(320, np.float32), np.zeros((1, len(LABELS)), np.float32)
    window(samples)
    frames(logits, np.zeros((1, 4), np.float32))
    for array in (samples, logits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize("samples", [np.zeros(320), np.zeros((1, 320), np.float32)])
def test_other_samples_are_refused_and_the_leg_is_named(samples: np.ndarray) -> None:
    with pytest.raises(TypeError, match="leg 's/a': expected float32"):
        window(samples)


@pytest.mark.parametrize(("rows", "labels"), [(5, 8), (4, 9)])
def test_frames_that_do_not_fit_each_other_are_refused(rows: int, labels: int) -> None:
    with pytest.raises(TypeError, match="leg 's/a': expected"):
        frames(np.zeros((5, labels), np.float32), np.zeros((rows, 4), np.float32))
