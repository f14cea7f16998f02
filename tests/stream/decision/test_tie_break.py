from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.centres import Centres, Compass
from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS
from tonewatch.stream.decision.decision import Decision
from tonewatch.stream.decision.focus import Spoken
from tonewatch.stream.decision.tie_break import TieBreaker, focus_of
from tonewatch.stream.events import Episode, Focus
from tonewatch.stream.settings import DecisionSettings
from tonewatch.stream.track import Fused

from .streams import QUICK, Stream, logits_of, script

COMPASS = Compass(
    Centres(
        schema=1,
        version="7",
        model="toy",
        model_sha256="",
        method="means",
        fitted_on="nothing",
        mean=(0.0, 0.0),
        basis=((1.0, 0.0), (0.0, 1.0)),
        fear=((1.0, 0.0),),
        disgust=((0.0, 1.0),),
        slope=4.0,
        offset=0.0,
    )
)
"""Fear points right, disgust up."""
KNOWN = np.ones(len(LABELS), bool)
FLAG = Episode(
    id="a-0",
    leg="a",
    kind="needs_review",
    state="open",
    start=0,
    end=30,
    peak=3,
    fear=60.0,
    disgust=55.0,
    reason_en="",
    reason_zh="",
)


def spoken_of(fear: float, disgust: float, feature: tuple[float, float]) -> Spoken:
    logits = np.tile(logits_of({FEARFUL: fear, DISGUSTED: disgust}), (30, 1)).astype(np.float32)
    return Spoken(
        frames=np.arange(30),
        logits=logits,
        lead=np.zeros(30),
        places=COMPASS.place(np.tile(np.float32(feature), (30, 1))),
    )


def broken(spoken: Spoken, settings: DecisionSettings = QUICK) -> Episode:
    return TieBreaker(settings, COMPASS, KNOWN, 1.0).broken(FLAG, spoken.between)


def test_centres_turn_a_close_call():
    found = broken(spoken_of(0.40, 0.38, (0.0, 1.0)))
    assert FLAG.stronger == "fearful"
    assert found.enhanced
    assert found.stronger == "disgusted"
    tie = found.tie_break
    assert tie is not None
    assert tie.fear_enhanced == pytest.approx(0.6 * tie.fear + 0.4 * tie.similarity)
    assert tie.disgust_enhanced == pytest.approx(0.6 * tie.disgust + 0.4 * (100 - tie.similarity))
    assert tie.centres == "7"


def test_nothing_but_the_naming_changes():
    found = broken(spoken_of(0.40, 0.38, (0.0, 1.0)))
    assert replace(found, tie_break=None, enhanced=False) == FLAG


def test_a_clear_lead_is_left_alone():
    found = broken(spoken_of(0.60, 0.20, (0.0, 1.0)))
    assert found == FLAG


def test_a_span_without_speech_is_left_alone():
    assert broken(spoken_of(0.4, 0.38, (0.0, 1.0)).between(0, 0)) == FLAG


def test_the_focus_is_the_span_around_both_foci():
    one, other = (Focus(start=a, end=a + 20, score=1.0) for a in (5, 18))
    assert focus_of(FLAG) == (0, 30)
    assert focus_of(replace(FLAG, focus_fear=other)) == (18, 38)
    assert focus_of(replace(FLAG, focus_fear=other, focus_disgust=one)) == (5, 38)


def decide(stream: Stream, features: np.ndarray, cuts: list[int], **words: object) -> list[Episode]:
    decision = Decision("a", QUICK, 1.0, LABELS, **words)  # type: ignore[arg-type]
    told: list[Episode] = []
    edges = [0, *cuts, len(stream)]
    for first, stop in pairwise(edges):
        settled = Fused(
            start_frame=first,
            logits=stream.logits[first:stop],
            valid=stream.valid[first:stop],
            features=features[first:stop],
        )
        nothing = Fused(
            start_frame=stop,
            logits=stream.logits[:0],
            valid=stream.valid[:0],
            features=features[:0],
        )
        speech = stream.speech[first:stop]
        told += decision.push(settled, nothing, speech, speech[:0]).episodes
    return [*told, *decision.finish()]


STREAM = script(("calm", 60), ("review", 70), ("dual", 80), ("pause", 40), ("dual", 60))
FEATURES = np.random.default_rng(0).standard_normal((len(STREAM), 2)).astype(np.float32)


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=8, unique=True).map(sorted))
def test_any_chunking_tells_the_same(cuts: list[int]):
    whole = decide(STREAM, FEATURES, [], compass=COMPASS)
    pieces = decide(STREAM, FEATURES, cuts, compass=COMPASS)
    closed = [e for e in whole if e.state == "closed"]
    assert [e for e in pieces if e.state == "closed"] == closed
    assert any(e.enhanced for e in closed)


def test_centres_raise_and_clear_no_flag():
    plain = decide(STREAM, FEATURES, [100])
    helped = decide(STREAM, FEATURES, [100], compass=COMPASS)
    assert [replace(e, tie_break=None, enhanced=False) for e in helped] == plain


def test_the_tie_break_can_be_switched_off():
    decision = Decision(
        "a", QUICK.model_copy(update={"tie_break": False}), 1.0, LABELS, compass=COMPASS
    )
    settled = Fused(start_frame=0, logits=STREAM.logits[:9], valid=STREAM.valid[:9])
    nothing = Fused(start_frame=9, logits=STREAM.logits[:0], valid=STREAM.valid[:0])
    assert decision.push(settled, nothing, STREAM.speech[:9], STREAM.speech[:0]).episodes == ()


def test_features_are_needed():
    decision = Decision("a", QUICK, 1.0, LABELS, compass=COMPASS)
    settled = Fused(start_frame=0, logits=STREAM.logits[:9], valid=STREAM.valid[:9])
    nothing = Fused(start_frame=9, logits=STREAM.logits[:0], valid=STREAM.valid[:0])
    with pytest.raises(ValueError, match="features"):
        decision.push(settled, nothing, STREAM.speech[:9], STREAM.speech[:0])
