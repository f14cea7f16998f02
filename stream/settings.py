"""Settings of the stream's rooms. Every threshold of the product stands here, with its unit."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from ..models.grid import FRAME_RATE
from ..models.manifest import Manifest
from ..models.settings import Section
from .review.settings import ReviewSettings


class ListenerSettings(Section):
    """From captured samples to 16 kHz speech."""

    ring_s: float = Field(10.0, gt=0.5, description="seconds of sound that wait for a late reader")
    speech_on: float = Field(0.5, gt=0, lt=1, description="speech probability that opens the gate")
    speech_off: float = Field(0.35, gt=0, lt=1, description="speech probability that closes it")
    speech_hold_s: float = Field(0.2, ge=0, description="seconds the gate stays open in a pause")
    level_gain_db: float = Field(
        30.0, ge=0, le=50, description="most by which the gate hears a quiet line louder; 0: never"
    )
    level_dbfs: float = Field(
        -24.0, le=0, description="level of the loudest 32 ms up to which it does so"
    )
    level_fall_db: float = Field(
        1.0, gt=0, description="decibels a second by which the loudest is forgotten"
    )
    floor_dbfs: float = Field(
        -70.0,
        le=0,
        description="level, as the gate hears it, under which a frame is silence whatever it says",
    )
    denoise: bool = Field(
        False, description="spectral gating with a profile frozen from non-speech"
    )
    source_lost_s: float = Field(
        30.0, gt=0, description="seconds without samples until a live source counts as lost"
    )


class WindowSettings(Section):
    """How the engine's windows are cut."""

    hop_ms: int | None = Field(
        None,
        ge=20,
        le=2000,
        multiple_of=20,
        description="step between windows; default: the model's own (240, or 160 if it streams)",
    )
    most_pace: Literal[1, 2, 4, 8] = Field(
        4, description="most times the hop of live legs is stretched under load; 1: never"
    )
    fast_ms: int | None = Field(
        None,
        ge=20,
        le=10_000,
        multiple_of=20,
        description="longest window but for every `full_every`-th; default: all may be full",
    )
    full_every: int = Field(
        4, ge=1, description="where fast_ms is set: every how many hops a window may be full"
    )
    min_speech_share: float = Field(
        0.3, ge=0, le=1, description="least share of speech in a window"
    )
    min_speech_s: float = Field(0.5, ge=0, description="least seconds of speech in a window")
    max_gap_share: float = Field(0.2, ge=0, le=1, description="largest share of gap in a window")
    pending: int = Field(
        8, ge=1, description="windows a recording may have waiting before its feeder waits"
    )

    @property
    def hop_step_ms(self) -> int:
        """The hop in milliseconds; 240 where neither settings nor a model say."""
        return self.hop_ms or 240

    @property
    def hop_frames(self) -> int:
        """The hop in 20 ms frames."""
        return self.hop_step_ms * FRAME_RATE // 1000

    def for_model(self, manifest: Manifest) -> "WindowSettings":
        """The same with the model's hop, where none was set."""
        if self.hop_ms is not None:
            return self
        return self.model_copy(update={"hop_ms": manifest.hop_frames * 1000 // FRAME_RATE})


class TrackSettings(Section):
    """How overlapping windows become one line of frames."""

    settle_ms: int = Field(500, ge=0, multiple_of=20, description="age at which a frame is frozen")
    edge_ms: int = Field(300, ge=20, multiple_of=20, description="taper at both ends of a window")
    edge_floor: float = Field(0.05, gt=0, le=1, description="least weight of a frame at an edge")


class DecisionSettings(Section):
    """Readings and fear/disgust episodes. Points are percent of an independent score."""

    enabled: bool = Field(
        True, description="the fear/disgust decision as a whole (raw scores stay)"
    )
    scenes: Path | None = Field(
        None, description="file of scene profiles and context hints; default: the packaged one"
    )
    profile: str = Field("", description="scene profile of sessions that name none")
    adaptive: bool = Field(
        False, description="let the floors follow the running state of the voice in this call"
    )
    adapt_s: float = Field(60.0, ge=5, le=600, description="seconds of speech that this rests on")
    adapt_after_s: float = Field(20.0, ge=1, description="seconds of speech before it begins")
    adapt_usual_points: float = Field(
        20.0, ge=0, le=100, description="running score, of the stronger one, that moves no floor"
    )
    adapt_gain: float = Field(
        0.5, ge=0, le=2, description="points by which floors rise for a point above the usual"
    )
    adapt_most_points: float = Field(
        15.0, ge=0, le=50, description="most by which floors rise or fall"
    )
    temperature: float | None = Field(
        None, gt=0, description="softmax temperature; default: the manifest's calibration"
    )
    smooth_ms: int = Field(
        600, ge=20, multiple_of=20, description="mean over the newest speech frames"
    )
    forget_ms: int = Field(
        1000, ge=20, multiple_of=20, description="silence after which the mean starts afresh"
    )
    review_gap_points: float = Field(
        15.0, ge=0, le=100, description="gap under which fear and disgust need review"
    )
    dual_floor_points: float = Field(
        60.0, ge=0, le=100, description="both above: a dual report is possible"
    )
    dual_gap_points: float = Field(
        5.0, ge=0, le=100, description="gap under which both above the floor are dual"
    )
    floor_points: float = Field(
        60.0, ge=0, le=100, description="least independent score of the stronger one"
    )
    floor_share: float = Field(0.45, ge=0, le=1, description="least p(fear) + p(disgust)")
    lost_to_neutral: bool = Field(
        False, description="flag speech in which neutral leads fear or disgust narrowly"
    )
    lost_gap_points: float = Field(
        15.0, ge=0, le=100, description="lead of neutral under which its win is narrow"
    )
    lost_floor_points: float = Field(
        35.0,
        ge=0,
        le=100,
        description="where lost_to_neutral is on: least independent score of the stronger one",
    )
    lost_floor_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="where lost_to_neutral is on: least p(fear) + p(disgust)",
    )
    open_ms: int = Field(
        320, ge=20, multiple_of=20, description="time a condition must hold to open an episode"
    )
    close_ms: int = Field(500, ge=20, multiple_of=20, description="time it must fail to close it")
    hysteresis_points: float = Field(
        5.0, ge=0, le=50, description="how much the thresholds relax while an episode is open"
    )
    focus_min_ms: int = Field(
        400, ge=100, multiple_of=20, description="shortest span that is scored by itself"
    )
    focus_fear_ms: int = Field(
        800, ge=100, multiple_of=20, description="longest span of fear, which shows early"
    )
    focus_disgust_ms: int = Field(
        1500, ge=100, multiple_of=20, description="longest span of disgust, whose cues come late"
    )
    focus_slack_points: float = Field(
        5.0, ge=0, le=100, description="what a longer span may score less than the best one"
    )
    focus_margin_ms: int = Field(
        1000, ge=20, multiple_of=20, description="how far around an episode spans are looked for"
    )
    focus_horizon_ms: int = Field(
        10_000, ge=2000, description="how much of an episode's newest sound is searched at once"
    )
    tie_break: bool = Field(
        True, description="let the model's centres help to name one of the two where it is close"
    )
    centres: Path | None = Field(
        None, description="centres file (tonewatch centres fit); default: the model's own"
    )
    tie_gap_points: float = Field(
        12.0, ge=0, le=100, description="gap in a flag's focus under which centres have a say"
    )
    tie_similarity: float = Field(
        0.4, ge=0, le=1, description="weight of the centres' say; the scores have the rest"
    )
    unknown_below: float = Field(
        0.35, ge=0, le=1, description="confidence under which the emotion is called unknown"
    )
    poor_snr_db: float = Field(
        3.0, description="signal-to-noise ratio under which audio is too poor to say"
    )
    update_ms: int = Field(
        500, ge=20, description="least time between two updates of one open episode"
    )


class QualitySettings(Section):
    """How far a line may be trusted. Each fault takes up to half of the confidence, from its `good`
    limit to its `poor` one; beyond that limit (the noise's is decision.poor_snr_db) the audio is
    too poor to say. Measured over the newest ten seconds."""

    enabled: bool = Field(True, description="let poor audio lower the confidence")
    good_snr_db: float = Field(15.0, description="signal-to-noise ratio from which noise is none")
    good_bandwidth_hz: float = Field(2500.0, gt=0, description="bandwidth that is enough")
    poor_bandwidth_hz: float = Field(1000.0, ge=0, description="bandwidth that is too narrow")
    good_level_dbfs: float = Field(-70.0, le=0, description="level of speech that is enough")
    poor_level_dbfs: float = Field(-80.0, le=0, description="level of speech that is too low")
    good_clipped: float = Field(0.002, ge=0, le=1, description="share of clipped samples allowed")
    poor_clipped: float = Field(0.1, gt=0, le=1, description="share of clipped samples too high")
    poor_loss: float = Field(0.2, gt=0, le=1, description="share of lost sound that is too high")


class EvidenceSettings(Section):
    """What is measured of the voice in a flagged span, beside the scores and without touching them.

    The thresholds say from which difference to the speaker's own running baseline on a piece is
    told as higher or lower; docs/measured.md has how often each then agrees with the label.
    """

    enabled: bool = Field(True, description="measure evidence when an episode closes")
    pitch_semitones: float = Field(4.0, gt=0, description="difference of the pitch that counts")
    melody_semitones: float = Field(
        0.7, gt=0, description="difference of the pitch's own movement that counts"
    )
    high_band_db: float = Field(
        3.0, gt=0, description="difference of the share of 2 to 4 kHz that counts"
    )
    rhythm_rate: float = Field(
        0.75, gt=0, description="difference in syllables a second that counts"
    )
    baseline_stretches: int = Field(
        3, ge=1, le=20, description="stretches of 3 s that a speaker's baseline needs"
    )
    high_band_hz: float = Field(
        4500.0, ge=2000, le=8000, description="bandwidth under which 2 to 4 kHz is not measurable"
    )


class RecordSettings(Section):
    """What is kept on disk."""

    output: Path = Field(Path("outputs"), description="folder of all session folders")
    embedding: bool = Field(False, description="keep embedding.npy (sensitive; off by default)")
    granularity: Literal["utterance", "frame"] = Field(
        "frame", description="granularity of result.json"
    )
    fsync_s: float = Field(1.0, gt=0, le=10, description="seconds between two syncs to disk")
    queue: int = Field(
        10_000,
        ge=10,
        description="most items that wait for the recorder thread (sound in tens of ms)",
    )
    audio_days: int | None = Field(
        None, ge=1, description="days until audio is deleted; default: kept"
    )
    scores_days: int | None = Field(
        None, ge=1, description="days until scores are deleted; default: kept"
    )
    index: SecretStr | None = Field(
        None,
        description="database of the session index, as an SQLAlchemy URL; "
        "default: a file in the output folder",
    )

    @property
    def index_url(self) -> str:
        """The database's address with its password; empty: a file in the output folder."""
        return self.index.get_secret_value() if self.index is not None else ""


class MonitorSettings(Section):
    """Sessions and their admission."""

    max_sessions: int = Field(64, ge=1, description="live sessions admitted at once")
    device: str | None = Field(None, description="microphone: index or part of its name")
    notice: str = Field(
        "This call is analysed for emotion in the voice.",
        description="notice text that the page shows and a session keeps",
    )
    score_agent: bool = Field(False, description="score agents too (forbidden in the EU at work)")
    score_agent_name: str = Field("", description="who switched it on")
    score_agent_reason: str = Field("", description="medical, safety, own training, outside EU")
    score_agent_confirm: bool = Field(False, description="confirmation that the law was considered")
    wire_stride: int = Field(
        4, ge=1, le=12, description="frames between two points sent to the page"
    )

    @model_validator(mode="after")
    def _named(self) -> "MonitorSettings":
        told = self.score_agent_name and self.score_agent_reason and self.score_agent_confirm
        if self.score_agent and not told:
            raise ValueError(
                "score_agent needs score_agent_name, score_agent_reason and score_agent_confirm"
            )
        return self


class LearningSettings(Section):
    """How the product learns from reviews (tonewatch learn)."""

    held_back: float = Field(
        0.3, gt=0, lt=1, description="share of calls whose reviews judge and teach nothing"
    )
    least: int = Field(40, ge=2, description="decided flags that a refit needs")
    temperature: bool = Field(
        False, description="take a learned temperature too, though flags are no fair sample for it"
    )
    prior: float = Field(
        50.0, ge=0, description="flags that the centres in use weigh against new ones"
    )
    keep_share: float = Field(
        0.95, gt=0, le=1, description="share of confirmed flags that a learned floor must keep"
    )


class StreamSettings(Section):
    """All sections of the stream's rooms."""

    listener: ListenerSettings = ListenerSettings()
    window: WindowSettings = WindowSettings()
    track: TrackSettings = TrackSettings()
    decision: DecisionSettings = DecisionSettings()
    quality: QualitySettings = QualitySettings()
    evidence: EvidenceSettings = EvidenceSettings()
    record: RecordSettings = RecordSettings()
    monitor: MonitorSettings = MonitorSettings()
    review: ReviewSettings = ReviewSettings()
    learning: LearningSettings = LearningSettings()

    def for_model(self, manifest: Manifest) -> "StreamSettings":
        """The same with what the model decides where nothing was set: its hop."""
        return self.model_copy(update={"window": self.window.for_model(manifest)})
