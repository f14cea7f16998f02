"""`tonewatch bench focus`: where a fresh window is cut, and the arithmetic."""

from pathlib import Path

import numpy as np
import pytest

from tonewatch.commands.bench_focus import _figures, around, run_focus
from tonewatch.commands.options import Failure

LENGTHS = (16_000, 24_000, 48_000)
WAVE = np.arange(80_000, dtype=np.float32)


@pytest.mark.parametrize(
    ("start", "stop", "first", "length"),
    [(100, 140, 95, 16_000), (100, 160, 92, 24_000), (0, 40, 0, 16_000), (220, 250, 200, 16_000)],
)
def test_the_window_is_the_shortest_true_one_around_the_span(
    start: int, stop: int, first: int, length: int
) -> None:
    window = around(WAVE, start, stop, LENGTHS)
    assert window is not None
    assert (window.start_frame, len(window.samples)) == (first, length)
    assert window.samples[0] == first * 320


def test_a_span_or_sound_that_fits_no_window_has_none() -> None:
    assert around(WAVE, 0, 200, LENGTHS) is None
    assert around(WAVE[:8000], 0, 20, LENGTHS) is None


def test_the_gain_is_the_difference_of_the_two_ways() -> None:
    rows = [
        ("anna", True, True),
        ("anna", False, True),
        ("bert", True, False),
        ("bert", True, True),
    ]
    found = _figures(rows)
    assert found["frames"].startswith("75.0%")
    assert found["fresh_window"].startswith("75.0%")
    assert found["gain"].startswith("0.0% [-50.0%, 50.0%]")


def test_a_manifest_without_the_two_emotions_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,corpus,speaker,label\na.wav,made,anna,neutral\n", encoding="utf-8")
    with pytest.raises(Failure, match="no speaker has neutral and fearful or disgusted"):
        run_focus(manifest, "compact", 5, snr_db=None, progress=lambda line: None)
