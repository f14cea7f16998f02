"""From measures and a baseline to evidence: value, baseline, direction, what it speaks for."""

from dataclasses import dataclass
from typing import Final

from ...findings import Evidence, EvidenceDirection, EvidenceFor, EvidenceKind, EvidenceUnit
from ...settings import EvidenceSettings
from .measures import Measures
from .words import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one measure is told, and what it was found to speak for on labelled speech."""

    kind: EvidenceKind
    measure: str
    """Field of Measures; differences are taken in its own unit."""
    unit: EvidenceUnit
    higher: EvidenceFor
    lower: EvidenceFor


RULES: Final = (
    Rule(kind="pitch", measure="pitch", unit="Hz", higher="fearful", lower=""),
    Rule(kind="melody", measure="melody", unit="semitones", higher="disgusted", lower="fearful"),
    Rule(kind="high_band", measure="high_band", unit="dB", higher="both", lower=""),
    Rule(
        kind="rhythm", measure="syllables", unit="syllables/s", higher="fearful", lower="disgusted"
    ),
)
"""Only what agreed with labels better than chance on speakers of three corpora (docs/measured.md).
Left out for that reason: a sudden rise and fall of pitch as a sign of fear; a low voice, a short
rise behind it, pauses and a voice that breaks off as signs of disgust."""


def compare(now: Measures, usual: Measures, settings: EvidenceSettings) -> tuple[Evidence, ...]:
    """Every piece, told or not; `usual` is the speaker's baseline, NaN where there is none."""
    return tuple(_piece(rule, now, usual, settings) for rule in RULES)


def direction_of(
    rule: Rule, now: Measures, usual: Measures, settings: EvidenceSettings
) -> EvidenceDirection:
    """How a measure stands to the baseline."""
    value, before = getattr(now, rule.measure), getattr(usual, rule.measure)
    cut_off = rule.kind == "high_band" and now.bandwidth_hz < settings.high_band_hz
    if value != value or cut_off:
        return "not_measurable"
    if before != before:
        return "no_baseline"
    step = _steps(settings)[rule.kind]
    if value - before >= step:
        return "higher"
    return "lower" if before - value >= step else "usual"


def _steps(settings: EvidenceSettings) -> dict[EvidenceKind, float]:
    return {
        "pitch": settings.pitch_semitones,
        "melody": settings.melody_semitones,
        "high_band": settings.high_band_db,
        "rhythm": settings.rhythm_rate,
    }


def _piece(rule: Rule, now: Measures, usual: Measures, settings: EvidenceSettings) -> Evidence:
    direction = direction_of(rule, now, usual, settings)
    value = None if direction == "not_measurable" else _told(rule, getattr(now, rule.measure))
    known = direction in ("higher", "lower", "usual")
    before = _told(rule, getattr(usual, rule.measure)) if known else None
    supports = rule.higher if direction == "higher" else rule.lower if direction == "lower" else ""
    english, chinese = words(rule.kind, direction, value, before, rule.unit)
    return Evidence(
        kind=rule.kind,
        direction=direction,
        value=value,
        baseline=before,
        unit=rule.unit,
        supports=supports,
        words_en=english,
        words_zh=chinese,
    )


def _told(rule: Rule, value: float) -> float:
    """A measure in the unit that people read."""
    if rule.unit == "Hz":
        return round(100.0 * 2 ** (value / 12), 1)
    return round(value, 2)
