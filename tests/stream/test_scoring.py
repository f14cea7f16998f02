import numpy as np
import pytest
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.sound import voice

from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.pipeline import LegCore
from tonewatch.stream.scoring import Scored, Scorer, spans
from tonewatch.stream.settings import StreamSettings

FRAMES = 300
SOUND = np.round(voice(FRAMES / 50) * 32768).astype(np.float32) / 32768


def heard(start: int, stop: int) -> Heard:
    return Heard(
        leg="s/customer",
        start_frame=start,
        samples=SOUND[start * 320 : stop * 320],
        speech=np.ones(stop - start, np.bool_),
        gap=np.zeros(stop - start, np.bool_),
        captured_at=stop / 50,
    )


def played(size: int, **options: object) -> tuple[list[Scored], LoudnessEngine]:
    engine = LoudnessEngine()
    core = LegCore("s/customer", StreamSettings(), MANIFEST)
    scorer = Scorer(core, engine, **options)  # type: ignore[arg-type]
    steps: list[Scored] = []
    for start in range(0, FRAMES, size):
        steps += scorer.hear(heard(start, min(FRAMES, start + size)))
    return steps + list(scorer.finish()), engine


def logits(steps: list[Scored]) -> bytes:
    return b"".join(step.update.settled.logits.tobytes() for step in steps)


@pytest.mark.parametrize(("size", "batch"), [(1, 1), (7, 3), (50, 8), (300, 100)])
def test_pieces_and_batches_change_nothing(size: int, batch: int) -> None:
    steps, _ = played(size, batch=batch)
    expected, _ = played(25, batch=2)
    assert logits(steps) == logits(expected)
    assert steps[-1].update.settled.stop_frame == FRAMES
    assert spans(steps) == spans(expected)


def test_the_engine_is_never_given_more_than_a_batch() -> None:
    _, engine = played(FRAMES, batch=4)
    assert max(engine.calls) == 4
    assert sum(engine.calls) == len(engine.legs)


def test_poor_audio_is_told_with_its_answer() -> None:
    steps, _ = played(50, batch=1, judge=lambda window: "noise" if window.start_frame > 60 else "")
    answered = [step for step in steps if step.answer is not None]
    assert {step.poor for step in answered} == {"", "noise"}
    assert [poor for _, _, poor in spans(steps)] == [bool(step.poor) for step in answered]


def test_windows_that_are_not_wanted_are_not_read() -> None:
    steps, engine = played(50, batch=1, wanted=lambda window: window.start_frame > 60)
    assert engine.calls
    assert min(start for start, _, _ in spans(steps)) > 60
