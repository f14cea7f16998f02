"""What the decision finds: episodes with focus and evidence, and what a call's context changed.

Frozen dataclasses of plain numbers and words, as events carry them. Frames count the leg's grid.
"""

from dataclasses import dataclass
from typing import Literal

from ..models.labels import Label

EpisodeKind = Literal["lost_to_neutral", "needs_review", "dual"]
EpisodeState = Literal["open", "closed"]
EvidenceKind = Literal["pitch", "melody", "high_band", "rhythm"]
EvidenceDirection = Literal["higher", "lower", "usual", "no_baseline", "not_measurable"]
EvidenceUnit = Literal["Hz", "semitones", "dB", "syllables/s"]
EvidenceFor = Literal["", "fearful", "disgusted", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A word found in a session's context, and what it adds."""

    scene: str
    word: str
    shifts: dict[Label, float]
    """Log-odds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What context and profile changed in the decision of a session. Raw scores are untouched."""

    profile: str
    """Empty where none was named."""
    version: str
    """Of the file that profiles and hints were read from."""
    thresholds: dict[str, float]
    """Settings of the group `decision` that the profile replaces; switches are 0 or 1."""
    hints: tuple[Hint, ...]
    shifts: dict[Label, float]
    """Sum of the hints, log-odds over the temperature, within the file's largest shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """The span in which one of the two was clearest, scored by itself."""

    start: int
    """Frame."""
    end: int
    """First frame behind it."""
    score: float
    """Score of the emotion in the span's mean frame, its rival included, points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TieBreak:
    """What the model's centres say of a flag whose two scores are close. It names, never clears."""

    start: int
    """Frame at which the span begins whose mean frame was looked at."""
    end: int
    """First frame behind it."""
    fear: float
    """Independent score of the span's mean frame, points."""
    disgust: float
    similarity: float
    """What the centres say: points of fear, the rest is disgust's."""
    fear_enhanced: float
    """Score and similarity together, by the weight in the settings, points."""
    disgust_enhanced: float
    centres: str
    """Version of the centres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing measured of the voice in a flagged span; it never changes a score."""

    kind: EvidenceKind
    direction: EvidenceDirection
    """Against the baseline; `no_baseline` before enough of the speaker was heard,
    `not_measurable` where the line cuts it off or the span holds too little."""
    value: float | None
    """In `unit`; null where it is not measurable."""
    baseline: float | None
    """The speaker's own, in this call, before the span."""
    unit: EvidenceUnit
    supports: EvidenceFor
    """What the label was more often where this was measured on labelled speech; empty: nothing."""
    words_en: str
    words_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A stretch in which fear and disgust could not be told apart, or lost narrowly to neutral.

    Replaced, never edited."""

    id: str
    leg: str
    kind: EpisodeKind
    state: EpisodeState
    start: int
    """Frame at which it began."""
    end: int
    """First frame behind it (so far)."""
    peak: int
    """Frame at which the two together were strongest."""
    fear: float
    """Independent score at the peak, points."""
    disgust: float
    reason_en: str
    reason_zh: str
    focus_fear: Focus | None = None
    """Where fear was clearest, in the episode or close to it; null where no span is long enough."""
    focus_disgust: Focus | None = None
    crossing: int | None = None
    """Frame at which the two curves changed places, the one nearest to the peak."""
    evidence: tuple[Evidence, ...] = ()
    """Measured when the episode has closed; empty before, or where that is switched off."""
    tie_break: TieBreak | None = None
    """Where the two were too close in the focus and the model has centres; else null."""
    enhanced: bool = False
    """Whether the centres had their say in which of the two is named."""
    floor_rise: float = 0.0
    """Points by which the floors had followed the call's running state when it opened."""

    @property
    def stronger(self) -> Label:
        """The one of the two that is named, with the centres' say where they had one."""
        tie = self.tie_break
        fear, disgust = (
            (self.fear, self.disgust) if tie is None else (tie.fear_enhanced, tie.disgust_enhanced)
        )
        return "fearful" if fear >= disgust else "disgusted"
