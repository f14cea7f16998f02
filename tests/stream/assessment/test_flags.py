from pathlib import Path

import numpy as np
import soundfile

from tonewatch.models.training.corpus import Clip
from tonewatch.stream.assessment.flags import FLOORS, Counted, calm_calls, rate, summed

HALF = 1800.0


def row(corpus: str, speaker: str, flags: int, **words: object) -> Counted:
    found = {"teaches": False, "seconds": HALF, **words}
    return Counted(corpus=corpus, speaker=speaker, flags=flags, **found)  # type: ignore[arg-type]


def test_false_flags_are_counted_by_the_hour() -> None:
    found = rate([row("c", "a", 1), row("c", "b", 3)])
    assert (found["hours"], found["flags"], found["an_hour"]) == (1.0, 4, 4.0)
    assert (found["low"], found["high"]) == (2.0, 6.0)


def test_corpora_that_teach_are_told_apart_and_floors_by_themselves() -> None:
    rows = [row("c", "a", 1), row("t", "b", 3, teaches=True)]
    rows += [row("c", "a", 0, floors=floors) for floors in FLOORS]
    found = summed(rows)
    assert (found["c"]["an_hour"], found["t"]["an_hour"]) == (2.0, 6.0)
    assert (found["all"]["an_hour"], found["with_teaching"]["an_hour"]) == (2.0, 4.0)
    assert found["floors"]["50, 0.35, 320"]["all"]["flags"] == 0


def test_calm_clips_are_joined_in_several_orders_and_others_left_out(tmp_path: Path) -> None:
    clips = []
    for number, label in enumerate(("neutral", "happy", "neutral", "fearful")):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.full(16_000, 0.1 * (number + 1)), 16_000)
        clips.append(Clip(path=path, corpus="c", speaker="a", label=label))
    one, two = calm_calls("a", clips, 2, by_telephone=False)
    (again, _) = calm_calls("a", clips, 2, by_telephone=False)
    assert np.array_equal(one.wave, again.wave)
    assert (len(one.spans), len(two.spans)) == (3, 3)
    assert one.spans != two.spans
    assert float(one.wave.max()) < 0.35


def test_a_speaker_without_calm_clips_has_no_call() -> None:
    assert list(calm_calls("a", [], 3, by_telephone=False)) == []
