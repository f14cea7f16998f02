import numpy as np
from tests.models.evaluation.made import BandEngine

from tonewatch.stream.assessment.calls import Tape, join
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.settings import StreamSettings

from ..sound import voice


def test_utterances_lie_where_the_spans_say() -> None:
    waves = [np.full(16_000, 0.5, np.float32), np.full(8_000, 0.25, np.float32)]
    call = join("a", waves, lambda i: 1.0)
    assert call.spans == ((1.0, 2.0), (3.0, 3.5))
    for (start, end), level in zip(call.spans, (0.5, 0.25), strict=True):
        part = call.wave[round(start * 16_000) : round(end * 16_000)]
        assert np.allclose(part, level, atol=1e-4)
    assert len(call.wave) == round(4.5 * 16_000)


def test_a_call_of_silence_raises_no_flag() -> None:
    call = join("a", [np.zeros(32_000, np.float32)], lambda i: 0.5)
    settings = StreamSettings()
    played = Tape(call, BandEngine(), Vad(), settings).play(settings.decision)
    assert played.episodes == ()
    assert len(played.lead) == 150
    assert np.isnan(played.lead).all()
    assert played.seconds == 3.0


def test_a_tape_plays_the_same_again_without_asking_the_engine() -> None:
    call = join("a", [voice(3.0), voice(2.0, f0=200.0)], lambda i: 0.5)
    engine, settings = BandEngine(), StreamSettings()
    tape = Tape(call, engine, Vad(), settings)
    first = tape.play(settings.decision)
    read = engine.read
    again = tape.play(settings.decision)
    other = tape.play(settings.decision.model_copy(update={"floor_points": 0.0}))
    assert engine.read == read > 0
    assert np.array_equal(first.lead, again.lead, equal_nan=True)
    assert np.array_equal(first.lead, other.lead, equal_nan=True)
