"""From measures to evidence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.stream.decision.evidence.compare import RULES, compare
from tonewatch.stream.decision.evidence.measures import NAN, Measures
from tonewatch.stream.findings import Evidence
from tonewatch.stream.settings import EvidenceSettings

SETTINGS = EvidenceSettings()
USUAL = Measures(pitch=10.0, melody=2.0, high_band=-15.0, syllables=4.0, bandwidth_hz=7000.0)


def piece(kind: str, now: Measures, usual: Measures = USUAL) -> Evidence:
    return next(one for one in compare(now, usual, SETTINGS) if one.kind == kind)


def test_a_higher_voice_speaks_for_fear_with_value_baseline_and_words() -> None:
    told = piece("pitch", replace(USUAL, pitch=15.0))
    assert (told.direction, told.supports, told.unit) == ("higher", "fearful", "Hz")
    assert told.value == pytest.approx(237.8, abs=0.1)
    assert told.baseline == pytest.approx(178.2, abs=0.1)
    assert told.words_en == "the voice is higher than usual: 238 against 178 Hz"
    assert told.words_zh.startswith("声音比平时高")


def test_what_is_as_usual_speaks_for_nothing() -> None:
    for told in compare(USUAL, USUAL, SETTINGS):
        assert (told.direction, told.supports) == ("usual", "")


def test_the_high_band_is_not_measurable_on_a_telephone_line() -> None:
    told = piece("high_band", replace(USUAL, bandwidth_hz=3400.0, high_band=-5.0))
    assert (told.direction, told.value, told.supports) == ("not_measurable", None, "")
    assert "not measurable on this line" in told.words_en


def test_without_a_baseline_only_the_value_is_told() -> None:
    told = piece("rhythm", USUAL, replace(USUAL, syllables=NAN))
    assert (told.direction, told.value, told.baseline, told.supports) == (
        "no_baseline",
        4.0,
        None,
        "",
    )


@given(st.tuples(*[st.floats(-30, 60) | st.just(NAN) for _ in Measures.__slots__]))
def test_every_piece_is_told_once_and_speaks_of_the_voice(values: tuple[float, ...]) -> None:
    now = Measures(**dict(zip(Measures.__slots__, values, strict=True)))
    told = compare(now, USUAL, SETTINGS)
    assert [one.kind for one in told] == [rule.kind for rule in RULES]
    for one in told:
        assert one.words_en.startswith("the voice")
        assert one.words_zh.startswith("声音")
        assert "customer" not in one.words_en
        assert (one.value is None) == (one.direction == "not_measurable")
