"""`tonewatch bench evidence`: the arithmetic of agreement, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.commands.bench_evidence import _Case, _figures, run_evidence
from tonewatch.commands.options import Failure
from tonewatch.stream.decision.evidence.compare import RULES
from tonewatch.stream.decision.evidence.measures import Measures

USUAL = Measures(pitch=10.0, melody=2.0, high_band=-15.0, syllables=4.0, bandwidth_hz=7000.0)
PITCH = next(rule for rule in RULES if rule.kind == "pitch")


def cases(label: str, *pitches: float) -> list[_Case]:
    return [
        _Case(speaker=speaker, label=label, now=replace(USUAL, pitch=pitch), usual=USUAL)
        for speaker in ("anna", "bert")
        for pitch in pitches
    ]


def test_agreement_is_the_share_of_the_label_meant_where_the_piece_was_told() -> None:
    found = _figures(
        PITCH,
        [*cases("fearful", 15, 15, 15, 10), *cases("disgusted", 15, 10), *cases("neutral", 10)],
    )
    assert found["pitch_higher_told"] == "fearful 75%, disgusted 50%, neutral 0%"
    assert found["pitch_higher_agrees"] == "60% [60%, 60%] fearful against disgusted"


def test_what_is_never_told_is_chance() -> None:
    found = _figures(PITCH, [*cases("fearful", 10), *cases("disgusted", 10), *cases("neutral", 10)])
    assert found["pitch_higher_agrees"].startswith("50%")


def test_a_manifest_without_the_emotions_in_speech_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path,corpus,speaker,label\na.wav,made,anna,neutral\n", encoding="utf-8")
    with pytest.raises(Failure, match="needs fearful, disgusted and neutral"):
        run_evidence(manifest, on_telephone=False, progress=lambda line: None)
