import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS
from tonewatch.stream.decision.focus import Spoken, clearest, crossing
from tonewatch.stream.decision.rivals import without
from tonewatch.stream.settings import DecisionSettings

from .streams import Run, decide, logits_of, random_stream, script

NO_DISGUST = without(DISGUSTED, np.ones(len(LABELS), bool))
LENGTHS = range(20, 41, 5)


def spoken_of(shapes: list[tuple[dict[int, float], int]], start: int = 100) -> Spoken:
    """Speech frames of (probabilities, frames) stretches."""
    rows = np.concatenate([np.tile(logits_of(p), (count, 1)) for p, count in shapes])
    return Spoken(
        frames=start + np.arange(len(rows)),
        logits=rows.astype(np.float32),
        lead=rows[:, FEARFUL] - rows[:, DISGUSTED],
    )


def test_a_short_peak_gets_the_shortest_span():
    spoken = spoken_of([({FEARFUL: 0.1}, 60), ({FEARFUL: 0.9}, 20), ({FEARFUL: 0.1}, 60)])
    found = clearest(spoken, FEARFUL, NO_DISGUST, 1.0, LENGTHS, slack=1.0)
    assert found is not None
    assert (found.start, found.end) == (160, 180)
    assert found.score == pytest.approx(100 * 0.9 / (1 - 0.1 / 8), abs=0.01)


def test_a_long_peak_gets_the_longest_span_that_fits():
    spoken = spoken_of([({FEARFUL: 0.1}, 60), ({FEARFUL: 0.9}, 33), ({FEARFUL: 0.1}, 60)])
    found = clearest(spoken, FEARFUL, NO_DISGUST, 1.0, LENGTHS, slack=0.01)
    assert found is not None
    assert found.end - found.start == 30
    assert 160 <= found.start <= 163


def test_a_span_never_bridges_a_pause():
    whole = spoken_of([({FEARFUL: 0.9}, 60)])
    holes = Spoken(
        frames=np.delete(whole.frames, [19, 39]),
        logits=np.delete(whole.logits, [19, 39], axis=0),
        lead=np.delete(whole.lead, [19, 39]),
    )
    found = clearest(holes, FEARFUL, NO_DISGUST, 1.0, LENGTHS, slack=100.0)
    assert found is not None
    assert (found.start, found.end) == (140, 160)


def test_too_little_speech_has_no_focus():
    spoken = spoken_of([({FEARFUL: 0.9}, 19)])
    assert clearest(spoken, FEARFUL, NO_DISGUST, 1.0, LENGTHS, slack=5.0) is None


@given(st.integers(0, 10_000), st.floats(0.5, 4))
def test_the_span_is_scored_by_its_mean_frame(seed, temperature):
    stream = random_stream(seed, 120)
    spoken = Spoken(frames=np.arange(120), logits=stream.logits, lead=np.zeros(120))
    found = clearest(spoken, FEARFUL, NO_DISGUST, temperature, LENGTHS, slack=5.0)
    assert found is not None
    mean = stream.logits[found.start : found.end].astype(np.float64).mean(axis=0) / temperature
    powers = np.exp(mean - mean.max())[NO_DISGUST]
    fear = np.exp(mean - mean.max())[FEARFUL]
    assert found.score == pytest.approx(100 * fear / powers.sum(), abs=1e-3)


def test_the_crossing_nearest_to_the_peak_is_told():
    lead = np.array([3.0, 2, -1, -2, -2, 1, 1, 1])
    spoken = Spoken(frames=np.arange(10, 18), logits=np.zeros((8, 9), np.float32), lead=lead)
    assert crossing(spoken, peak=11) == 12
    assert crossing(spoken, peak=16) == 15
    assert crossing(spoken.between(12, 15), peak=13) is None


def test_fear_before_and_disgust_behind_an_episode_are_found():
    settings = DecisionSettings(smooth_ms=200)
    stream = script(("calm", 60), ("fear", 25), ("dual", 30), ("disgust", 60), ("calm", 60))
    (flag,) = decide(stream, settings).flags
    assert flag.focus_fear is not None
    assert flag.focus_disgust is not None
    assert 60 <= flag.focus_fear.start < flag.focus_fear.end <= 95
    assert flag.focus_disgust.start >= 100
    assert flag.focus_fear.score > 75
    assert flag.focus_disgust.score > 75
    assert flag.focus_disgust.end - flag.focus_disgust.start <= 75
    assert flag.crossing is not None
    assert 100 <= flag.crossing <= 135


def focuses(run: Run) -> list[object]:
    return [(e.id, e.state, e.focus_fear, e.focus_disgust, e.crossing) for e in run.episodes]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 900), max_size=30))
def test_any_chunking_finds_the_same_spans(seed, cuts):
    stream = random_stream(seed, 900)
    settings = DecisionSettings(smooth_ms=200, focus_horizon_ms=2000)
    assert focuses(decide(stream, settings, cuts=cuts)) == focuses(decide(stream, settings))


def test_a_span_found_early_in_a_long_episode_is_kept():
    stream = script(("fear", 40), ("dual", 400), ("calm", 60))
    settings = DecisionSettings(smooth_ms=20, focus_horizon_ms=2000)
    (flag,) = decide(stream, settings).flags
    assert flag.end - flag.start > 300
    assert flag.focus_fear is not None
    assert flag.focus_fear.end <= 45
