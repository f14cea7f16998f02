import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.window import Frames
from tonewatch.stream.answers import Judged, joined, neighbours


def answer(
    start: int, stop: int, poor: str = "", *, trust: int = 100, young: bool = False
) -> Judged:
    rows = np.arange(start, stop, dtype=np.float32)[:, None]
    frames = Frames(
        leg="a",
        start_frame=start,
        logits=np.repeat(rows, 9, axis=1),
        features=np.repeat(rows, 4, axis=1),
        captured_at=stop / 50,
        warming_up=young,
    )
    return Judged(frames=frames, poor=poor, trust=trust)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "noise"]), st.booleans())))
def test_groups_are_the_answers_in_order_and_each_is_without_a_hole(
    drawn: list[tuple[bool, str, bool]],
) -> None:
    answers, at = [], 0
    for hole, poor, young in drawn:
        at += 8 + 3 * hole
        answers.append(answer(at - 8, at, poor, young=young))
    groups = list(neighbours(answers))
    assert [one for group in groups for one in group] == answers
    for group in groups:
        whole = joined(group)
        assert whole.start_frame == group[0].frames.start_frame
        np.testing.assert_array_equal(
            whole.logits[:, 0], np.arange(whole.start_frame, whole.stop_frame)
        )
        assert len({(one.poor, one.trust, one.frames.warming_up) for one in group}) == 1
        assert whole.captured_at == group[-1].frames.captured_at


def test_what_follows_on_is_one_group_and_what_does_not_is_its_own() -> None:
    sizes = [
        len(group)
        for group in neighbours(
            [
                answer(0, 8, young=True),
                answer(8, 16),
                answer(16, 24),
                answer(24, 32, trust=60),
                answer(40, 48, trust=60),
            ]
        )
    ]
    assert sizes == [1, 2, 1, 1]
    assert list(neighbours([])) == []
