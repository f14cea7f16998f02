from dataclasses import replace

import numpy as np
import pytest

from tonewatch.stream.assessment.calls import Call, Played
from tonewatch.stream.assessment.splices import (
    Onset,
    bounds,
    episode_figures,
    figures_of,
    judged,
    onsets,
)
from tonewatch.stream.findings import Episode, TieBreak

SPANS = ((0.0, 2.0), (2.0, 4.0))
CALL = Call(speaker="a", wave=np.zeros(64_000, np.float32), spans=SPANS)


def spliced(lead: np.ndarray) -> list[Onset]:
    return onsets(CALL, Played(seconds=4.0, episodes=(), lead=lead))


def test_an_onset_counts_once_its_curve_stays_ahead() -> None:
    lead = np.full(200, -10.0)
    lead[5] = 10.0
    lead[20:140] = 10.0
    fear, disgust = spliced(lead)
    assert (fear.emotion, fear.after_s, fear.in_time) == ("fearful", 0.4, True)
    assert (disgust.emotion, disgust.after_s, disgust.in_time) == ("disgusted", 0.8, True)


def test_a_late_onset_and_none_are_not_in_time() -> None:
    lead = np.full(200, -10.0)
    lead[60:200] = 10.0
    fear, disgust = spliced(lead)
    assert (fear.after_s, fear.in_time) == (1.2, False)
    assert (disgust.after_s, disgust.in_time) == (None, False)


def test_frames_without_a_reading_are_passed_over() -> None:
    lead = np.full(200, np.nan)
    lead[20:30] = -5.0
    lead[30:50] = 5.0
    fear, disgust = spliced(lead)
    assert fear.after_s == 0.2, "counted from the first frame that was read"
    assert disgust.after_s is None


def episode(start: int, end: int) -> Episode:
    return Episode(
        id="a",
        leg="a",
        kind="needs_review",
        state="closed",
        start=start,
        end=end,
        peak=start,
        fear=60.0,
        disgust=55.0,
        reason_en="",
        reason_zh="",
    )


def played(*episodes: Episode) -> Played:
    lead = np.full(200, np.nan)
    lead[20:98] = 10.0
    lead[110:200] = -10.0
    return Played(seconds=4.0, episodes=episodes, lead=lead)


@pytest.mark.parametrize(
    ("start", "end", "where", "opened", "outlasted", "apart"),
    [
        (40, 60, "fearful", 0.4, None, True),
        (130, 150, "disgusted", 0.4, None, True),
        (80, 140, "across", 1.2, 0.6, True),
        (80, 200, "across", 1.2, 1.8, True),
        (80, 201, "across", 1.2, 1.82, False),
    ],
)
def test_an_episode_is_placed_by_the_voices_beginnings(
    start: int, end: int, where: str, opened: float, outlasted: float | None, apart: bool
) -> None:
    (found,) = bounds(CALL, played(episode(start, end)))
    assert (found.where, found.apart) == (where, apart)
    assert found.opened_s == pytest.approx(opened)
    assert found.outlasted_s == (None if outlasted is None else pytest.approx(outlasted))


def test_figures_count_pairs_and_episodes() -> None:
    one = judged(CALL, played(episode(40, 60), episode(80, 201)))
    found = figures_of([one, judged(CALL, played())])
    assert found["fearful"] == {"clips": 2, "in_time": 100.0}
    told = found["episodes"]
    assert (told["pairs"], told["episodes"], told["apart"]) == (2, 2, 1)
    assert (told["fearful"], told["across"], told["outlasted_s"]) == (1, 1, [1.82])


def test_naming_is_judged_within_one_emotion_with_and_without_the_centres() -> None:
    tie = TieBreak(
        start=130,
        end=150,
        fear=60.0,
        disgust=55.0,
        similarity=0.0,
        fear_enhanced=36.0,
        disgust_enhanced=73.0,
        centres="1",
    )
    helped = replace(episode(130, 150), tie_break=tie, enhanced=True)
    found = episode_figures(bounds(CALL, played(episode(40, 60), episode(80, 130), helped)))
    assert (found["episodes"], found["across"]) == (3, 1)
    assert found["named_rightly"] == 2
    assert found["named_rightly_without_centres"] == 1
