import numpy as np
from tests.models.evaluation.made import BandEngine

from tonewatch.stream.assessment.calls import Call, Onset, Played, join, onsets, play
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.settings import StreamSettings


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
    played = play(call, BandEngine(), Vad(), StreamSettings())
    assert played.episodes == ()
    assert len(played.lead) == 150
    assert np.isnan(played.lead).all()
    assert played.seconds == 3.0


def spliced(lead: np.ndarray) -> list[Onset]:
    spans = ((0.0, 2.0), (2.0, 4.0))
    call = Call(speaker="a", wave=np.zeros(64_000, np.float32), spans=spans)
    return onsets(call, Played(seconds=4.0, episodes=(), lead=lead))


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
