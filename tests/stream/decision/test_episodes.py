from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.grid import FRAME_RATE
from tonewatch.stream.decision.episodes import Episodes
from tonewatch.stream.decision.rivals import Standing
from tonewatch.stream.events import Episode
from tonewatch.stream.settings import DecisionSettings

from .streams import QUICK, decide, random_stream, script

SETTINGS = DecisionSettings(open_ms=240, close_ms=500, update_ms=500)
OPEN, CLOSE = 12, 25


def feed(*rows: tuple[int, float, float]) -> tuple[Episode, ...]:
    """Episodes of (frames, fear, disgust) stretches; negative fear is silence."""
    episodes = Episodes("customer", SETTINGS)
    told: list[Episode] = []
    frame = 0
    for count, fear, disgust in rows:
        spoken = count if fear >= 0 else 0
        told += episodes.push(
            np.arange(frame, frame + spoken),
            Standing(
                fear=np.full(spoken, fear),
                disgust=np.full(spoken, disgust),
                share=np.full(spoken, 0.8),
                lead=np.full(spoken, np.inf),
                rise=np.zeros(spoken),
            ),
            stop_frame=frame + count,
        )
        frame += count
    return (*told, *episodes.finish())


def test_nothing_opens_before_the_condition_was_held():
    assert feed((OPEN - 1, 70, 60), (50, 90, 10)) == ()


def test_an_episode_begins_where_its_run_began_and_ends_where_it_failed():
    told = feed((30, 90, 10), (40, 70, 60), (60, 90, 10))
    assert (told[0].state, told[0].start, told[0].end) == ("open", 30, 30 + OPEN)
    assert (told[-1].state, told[-1].start, told[-1].end) == ("closed", 30, 70)
    assert {episode.id for episode in told} == {"customer-30"}


def test_an_episode_survives_a_short_failure():
    told = feed((40, 70, 60), (CLOSE - 1, 90, 10), (40, 70, 60), (60, 90, 10))
    assert {episode.start for episode in told} == {0}
    assert told[-1].end == 40 + CLOSE - 1 + 40


def test_an_episode_closes_after_a_failure_that_lasts():
    told = feed((40, 70, 60), (CLOSE, 90, 10), (40, 70, 60))
    assert [e.start for e in told if e.state == "closed"] == [0, 40 + CLOSE]


def test_an_episode_closes_in_silence():
    told = feed((40, 70, 60), (CLOSE, -1, 0), (40, 70, 60))
    assert [e.start for e in told if e.state == "closed"] == [0, 40 + CLOSE]


def test_a_short_pause_does_not_break_a_run():
    told = feed((6, 70, 60), (10, -1, 0), (6, 70, 60))
    assert told[0].start == 0


def test_a_failing_frame_breaks_a_run_that_is_not_open():
    assert feed(*[(OPEN - 1, 70, 60), (1, 90, 10)] * 5) == ()


def test_thresholds_relax_while_open():
    inside, between, outside = (40, 70, 60), (100, 70, 52), (60, 70, 45)
    assert feed(between) == ()
    assert feed(inside, between, outside)[-1].end == 140
    assert feed(inside, outside)[-1].end == 40


def test_dual_wins_within_an_episode():
    told = feed((40, 80, 70), (20, 80, 78), (40, 80, 70), (60, 90, 10))
    kinds = [episode.kind for episode in told]
    assert kinds[0] == "needs_review"
    assert kinds[-1] == "dual"
    assert len({episode.id for episode in told}) == 1
    assert told[-1].start == 0


def test_a_flicker_of_dual_does_not_upgrade():
    told = feed((40, 80, 70), (OPEN - 1, 80, 78), (40, 80, 70))
    assert {episode.kind for episode in told} == {"needs_review"}


def test_the_peak_is_where_both_were_strongest():
    told = feed((30, 60, 50), (5, 75, 68), (30, 60, 50), (60, 90, 10))
    assert (told[-1].peak, told[-1].fear, told[-1].disgust) == (30, 75, 68)


def test_a_narrow_loss_to_neutral_is_flagged_when_switched_on():
    stream = script(("calm", 40), ("lost", 60), ("calm", 60))
    assert decide(stream).episodes == ()
    flags = decide(stream, QUICK.model_copy(update={"lost_to_neutral": True})).flags
    assert [(e.kind, e.start, e.end) for e in flags] == [("lost_to_neutral", 40, 100)]


def test_a_stronger_kind_wins_over_a_narrow_loss_within_an_episode():
    stream = script(("lost", 40), ("review", 40), ("lost", 40), ("calm", 60))
    flags = decide(stream, QUICK.model_copy(update={"lost_to_neutral": True})).flags
    assert [(e.kind, e.start, e.end) for e in flags] == [("needs_review", 0, 120)]


def test_updates_are_rare_and_only_when_something_moved():
    told = feed((10 * FRAME_RATE, 70, 60), (CLOSE, 90, 10))
    opened = [e for e in told if e.state == "open"]
    assert [episode.end for episode in opened] == [*range(OPEN, 10 * FRAME_RATE, 25), 500]


def test_finish_closes_what_is_open_and_nothing_else():
    assert feed((40, 70, 60))[-1].state == "closed"
    assert feed((5, 70, 60)) == ()
    episodes = Episodes("customer", SETTINGS)
    assert episodes.finish() == ()


def test_poor_audio_opens_nothing_and_closes_what_is_open():
    stream = script(("review", 100))
    assert decide(stream, poor="noise").episodes == ()


def test_a_scripted_call_gives_its_flags():
    run = decide(
        script(
            ("calm", 50), ("review", 60), ("calm", 60), ("pause", 60), ("dual", 60), ("fear", 99)
        )
    )
    assert [(e.kind, e.start, e.end) for e in run.flags] == [
        ("needs_review", 50, 110),
        ("dual", 230, 290),
    ]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 600), max_size=40), st.integers(0, 30))
def test_any_chunking_tells_the_same_episodes(seed, cuts, ahead):
    stream = random_stream(seed, 600)
    assert decide(stream, cuts=cuts, ahead=ahead).episodes == decide(stream).episodes


@pytest.mark.parametrize("seed", range(5))
def test_one_frame_at_a_time_tells_the_same_episodes(seed):
    stream = random_stream(seed, 1500)
    whole = decide(stream).episodes
    assert whole
    assert decide(stream, cuts=range(1, 1500)).episodes == whole


@given(st.integers(0, 10_000))
def test_episodes_are_ordered_apart_and_hold_their_peak(seed):
    flags = decide(random_stream(seed, 800)).flags
    for episode in flags:
        assert episode.state == "closed"
        assert episode.start <= episode.peak < episode.end
        assert episode.end - episode.start >= OPEN
    for earlier, later in pairwise(flags):
        assert later.start - earlier.end >= CLOSE - 1 or later.start > earlier.end
