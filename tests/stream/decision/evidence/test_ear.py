"""A leg's ear: the same evidence under any chunking, bounded, against the speaker's own past."""

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stream.decision.evidence.voices import heard, silence, voice

from tonewatch.models.window import Float32
from tonewatch.stream.decision.evidence.ear import Ear
from tonewatch.stream.decision.evidence.pitch import HOP, Beside, Contour, Later, Pitch, SwiftF0, T
from tonewatch.stream.findings import Episode, Evidence
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.settings import DecisionSettings, EvidenceSettings


class Level(Pitch):
    """A pitch that is the sound's level: no network, any difference of sound shows."""

    def track(self, samples: Float32) -> Contour:
        hops = samples[: len(samples) // HOP * HOP].reshape(-1, HOP).astype(np.float64)
        level = np.abs(hops).mean(axis=1)
        return Contour(hz=100 + 1000 * level, voiced=level > 1e-3)


def episode(start: int, end: int, peak: int | None = None) -> Episode:
    return Episode(
        id="a",
        leg="a",
        kind="needs_review",
        state="closed",
        start=start,
        end=end,
        peak=start if peak is None else peak,
        fear=60.0,
        disgust=50.0,
        reason_en="",
        reason_zh="",
    )


def call() -> Heard:
    """Fourteen seconds of a calm voice with pauses, then a higher and brighter one."""
    rng = np.random.default_rng(3)
    calm = voice(14.0, 120.0)
    sharp = voice(2.0, 180.0, bright=8.0)
    whole = heard(np.concatenate([calm, sharp, np.zeros(16_000, np.float32)]))
    whole.speech[:] = np.repeat(rng.random(-(-whole.frames // 10)) < 0.9, 10)[: whole.frames]
    whole.speech[800:] = False
    return whole


CALL = call()


def told(pieces: Sequence[Heard], *, pitch: object = None) -> tuple[Evidence, ...]:
    ear = Ear(EvidenceSettings(), DecisionSettings(), pitch or Level())  # type: ignore[arg-type]
    for piece in pieces:
        ear.hear(piece)
    return ear.evidence(episode(700, 800, 750))


def test_a_higher_and_sharper_voice_is_told_against_its_own_past() -> None:
    found = {one.kind: one for one in told([CALL], pitch=SwiftF0())}
    assert (found["pitch"].direction, found["pitch"].supports) == ("higher", "fearful")
    assert (found["high_band"].direction, found["high_band"].supports) == ("higher", "both")


def test_pitch_that_is_looked_for_meanwhile_gives_the_same() -> None:
    beside = Beside(Level())
    pieces = [CALL.part(first, first + 25) for first in range(0, CALL.frames, 25)]
    assert told(pieces, pitch=beside) == told(pieces)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=40))
def test_any_chunking_gives_the_same_evidence(sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(CALL.part(at, min(CALL.frames, at + size)))
        at = min(CALL.frames, at + size)
    pieces.append(CALL.part(at, CALL.frames))
    assert told(pieces) == told([CALL])


def test_what_was_heard_after_the_span_changes_nothing() -> None:
    ear = Ear(EvidenceSettings(), DecisionSettings(), Level())
    ear.hear(CALL)
    before = ear.evidence(episode(700, 800, 750))
    ear.hear(heard(voice(9.0, 300.0), CALL.frames))
    assert ear.evidence(episode(700, 800, 750)) == before


def test_a_voice_without_a_past_has_no_baseline() -> None:
    ear = Ear(EvidenceSettings(), DecisionSettings(), Level())
    ear.hear(heard(voice(2.0)))
    assert {one.direction for one in ear.evidence(episode(0, 80))} == {"no_baseline"}


class Counting(Level):
    """Counts what is measured."""

    count = 0

    def begin(self, act: Callable[[], T]) -> Later[T]:
        self.count += 1
        return super().begin(act)


def test_a_voice_is_measured_the_more_seldom_the_better_it_is_known() -> None:
    counting = Counting()
    ear = Ear(EvidenceSettings(), DecisionSettings(), counting)
    measured = []
    for stretch in range(60):
        ear.hear(heard(voice(3.0), 150 * stretch))
        measured.append(counting.count)
    assert measured[2] == 3
    assert measured[29] - measured[2] == 9
    assert measured[59] - measured[29] == 3


def test_sound_is_forgotten_once_it_has_settled_and_silence_is_not_kept() -> None:
    ear = Ear(EvidenceSettings(), DecisionSettings(), Level())
    for second in range(60):
        ear.hear(heard(voice(1.0), 50 * second))
        ear.settle(50 * second)
    kept = len(ear._sound)
    assert kept < 12
    ear.hear(silence(600.0, 3000))
    assert len(ear._sound) == kept


def test_a_leg_may_begin_anywhere_and_break_off() -> None:
    ear = Ear(EvidenceSettings(), DecisionSettings(), Level(), start_frame=1017)
    ear.hear(heard(voice(4.0), 1017))
    ear.hear(heard(voice(4.0), 5000))
    assert [one.kind for one in ear.evidence(episode(5050, 5150))]


def test_evidence_is_the_same_where_an_open_episode_hurried_it() -> None:
    ear = Ear(EvidenceSettings(), DecisionSettings(), Level())
    beside = Beside(Level(), busy=lambda: True)
    busy = Ear(EvidenceSettings(), DecisionSettings(), beside)
    for one in (ear, busy):
        one.hear(CALL)
        one.expect(episode(700, 800, 750))
    assert busy.evidence(episode(700, 800, 750)) == ear.evidence(episode(700, 800, 750))
    beside.end()
