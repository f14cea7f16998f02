from tonewatch.commands.hearing import speech_gate
from tonewatch.stream.settings import ListenerSettings

from ..stream.sound import silence, voice


def test_a_voice_is_heard_and_silence_is_not() -> None:
    hears = speech_gate(ListenerSettings())
    heard = hears(voice(2))
    assert heard.shape == (100,)
    assert heard[25:].mean() > 0.8
    assert not hears(silence(1)).any()
    assert (hears(voice(2)) == heard).all(), "nothing is remembered from clip to clip"


def test_a_voice_thirty_decibels_down_is_heard_too() -> None:
    assert speech_gate(ListenerSettings())(voice(2) * 10 ** (-30 / 20)).mean() > 0.5
