import threading

import numpy as np
import pytest
from tests.stream.record.world import MANIFEST, LoudnessEngine
from tests.stream.sound import voice

from tonewatch.models.engine import EngineError
from tonewatch.models.window import Frames
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.pipeline import LegCore
from tonewatch.stream.scoring import Readers, Scored, Scorer, at_once, spans
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
    scorer = Scorer(core, at_once(engine), **options)  # type: ignore[arg-type]
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
    answered = [step for step in steps if step.answers]
    assert {step.poor for step in answered} == {True, False}
    assert [poor for _, _, poor in spans(steps)] == [step.poor for step in answered]


def test_windows_that_are_not_wanted_are_not_read() -> None:
    steps, engine = played(50, batch=1, wanted=lambda window: window.start_frame > 60)
    assert engine.calls
    assert min(start for start, _, _ in spans(steps)) > 60


@pytest.mark.parametrize("count", [1, 3])
def test_engines_beside_the_listener_change_nothing_but_the_speed(count: int) -> None:
    engines = [LoudnessEngine() for _ in range(count)]
    core = LegCore("s/customer", StreamSettings(), MANIFEST)
    steps: list[Scored] = []
    with Readers(engines) as readers:
        readers.open("s/customer")
        assert all(engine.open_legs for engine in engines)
        scorer = Scorer(core, readers.ask, batch=2, ahead=readers.ahead)
        for start in range(0, FRAMES, 25):
            steps += scorer.hear(heard(start, start + 25))
        steps += scorer.finish()
        readers.close("s/customer")
    expected, _ = played(25, batch=2)
    assert logits(steps) == logits(expected)
    assert spans(steps) == spans(expected)
    assert not any(engine.open_legs for engine in engines)


def test_an_engine_that_fails_is_heard_of_and_leaves_no_thread() -> None:
    class Broken(LoudnessEngine):
        def infer(self, windows: object) -> list[Frames]:
            raise EngineError("out of memory")

    core = LegCore("s/customer", StreamSettings(), MANIFEST)
    with Readers([Broken()]) as readers:
        scorer = Scorer(core, readers.ask, batch=2, ahead=readers.ahead)
        steps = scorer.hear(heard(0, FRAMES))
        with pytest.raises(EngineError, match="out of memory"):
            list(steps)
    assert not [one for one in threading.enumerate() if one.name.startswith("reader")]
