"""How far a line is trusted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.settings import QualitySettings
from tonewatch.stream.trust import Line, doubt, poor_of, trust_of, undoubt

SETTINGS = QualitySettings()
GOOD = Line(snr_db=30.0, bandwidth_hz=3400.0, level_dbfs=-30.0)


def poor(line: Line, settings: QualitySettings = SETTINGS) -> str:
    return poor_of(line, 3.0, settings)


def trust(line: Line, settings: QualitySettings = SETTINGS) -> int:
    return trust_of(line, 3.0, settings)


def test_a_good_telephone_line_is_trusted_wholly() -> None:
    assert (poor(GOOD), trust(GOOD)) == ("", 100)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"snr_db": 2.0}, "noise: 2 dB"),
        ({"loss": 0.25}, "loss: 25%"),
        ({"clipped": 0.2}, "clipping: 20%"),
        ({"level_dbfs": -82.0}, "level: speech at -82 dBFS"),
        ({"bandwidth_hz": 800.0}, "band: nothing above 800 Hz"),
    ],
)
def test_each_fault_takes_half_of_the_confidence_and_is_named(
    fault: dict[str, float], word: str
) -> None:
    line = replace(GOOD, **fault)  # type: ignore[arg-type]
    assert word in poor(line)
    assert trust(line) == 50


def test_between_the_limits_trust_falls_and_nothing_is_poor_yet() -> None:
    line = replace(GOOD, snr_db=9.0, loss=0.1)
    assert poor(line) == ""
    assert trust(line) == 56


def test_switched_off_only_noise_counts_as_before() -> None:
    off = QualitySettings(enabled=False)
    line = replace(GOOD, loss=0.5, clipped=0.5)
    assert (poor(line, off), trust(line, off)) == ("", 100)
    assert poor(replace(line, snr_db=0.0), off)


@given(st.booleans(), st.integers(1, 100))
def test_doubt_holds_both_and_nothing_is_lost(is_poor: bool, percent: int) -> None:
    assert undoubt(doubt(is_poor, percent)) == (is_poor, percent)


def test_what_older_records_hold_still_reads() -> None:
    assert undoubt(0) == (False, 100)
    assert undoubt(1) == (True, 100)
