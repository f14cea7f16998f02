from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.models.evaluation.made import BandEngine
from tests.stream.record.world import hear, made, session

from tonewatch.stream.learning.lessons import lessons, split
from tonewatch.stream.review.reports import Decided

from .made import lesson


def decided(name: str = "s1", start: int = 120, stop: int = 180) -> Decided:
    return Decided(
        session=name,
        episode="customer-120",
        leg="customer",
        kind="needs_review",
        start=start,
        stop=stop,
        model="fearful",
        outcome="disgusted",
        decided_at=1,
    )


def test_a_flag_is_heard_again_from_the_disk(tmp_path: Path) -> None:
    folder = made(tmp_path, session("s1"))
    hear(folder, 0, 200)
    folder.flush()
    found = lessons([decided()], lambda _: folder.path, BandEngine())
    (one,) = found.heard
    assert (one.session, one.outcome, found.lost) == ("s1", "disgusted", 0)
    assert one.logits.shape == (9,)
    assert one.features.shape == (4,)


def test_a_flag_whose_sound_is_gone_is_counted(tmp_path: Path) -> None:
    folder = made(tmp_path, session("s1"))
    hear(folder, 0, 200)
    folder.flush()
    for path in folder.path.glob("*.wav"):
        path.unlink()
    known = {"s1": folder.path}
    found = lessons([decided(), decided("gone")], known.get, BandEngine())
    assert (found.heard, found.lost) == ((), 2)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30), st.floats(0.05, 0.95))
def test_a_call_is_never_on_both_sides(names: list[str], share: float) -> None:
    heard = [lesson(name, "fearful", (1.0,)) for name in names]
    learned, back = split(heard, share)
    assert len(learned) + len(back) == len(heard)
    assert not {one.session for one in learned} & {one.session for one in back}


def test_about_the_share_is_held_back() -> None:
    heard = [lesson(f"call {n}", "fearful", (1.0,)) for n in range(1000)]
    assert np.isclose(len(split(heard, 0.3)[1]) / 1000, 0.3, atol=0.05)
