"""Evidence in words."""

from tonewatch.stream.decision.evidence.words import words


def test_a_difference_is_told_with_both_numbers() -> None:
    english, chinese = words("rhythm", "lower", 2.61, 4.0, "syllables/s")
    assert english == "the voice is slower than usual: 2.6 against 4.0 syllables/s"
    assert chinese == "声音的语速比平时慢：2.6 音节/秒，平时 4.0 音节/秒"


def test_what_is_missing_is_said() -> None:
    assert "not known yet" in words("pitch", "no_baseline", 180.0, None, "Hz")[0]
    assert "not measurable" in words("high_band", "not_measurable", None, None, "dB")[0]
    assert words("melody", "usual", 3.0, 3.2, "semitones")[0].endswith("as usual (3.0 semitones)")
