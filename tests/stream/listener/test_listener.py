import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.audio import Chunk, Gap
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.listener.heard import Heard
from tonewatch.stream.listener.listener import Listener, finish, listen
from tonewatch.stream.settings import ListenerSettings

from ..sound import music, pieces, silence, voice

VAD = Vad()


def chunks(samples: Float32, sizes: Sequence[int], rate: int) -> list[Chunk]:
    position, items = 0, []
    for piece in pieces(samples, sizes):
        end = position + len(piece)
        items.append(Chunk(leg="a", start=position, samples=piece.copy(), captured_at=end / rate))
        position = end
    return items


def hear(items: Sequence[Chunk | Gap], rate: int = 16000, **more: int) -> list[Heard]:
    listener = Listener("a", rate, ListenerSettings(), **more)
    heard = [piece for item in items for piece in listen([(listener, [item])], VAD)[0]]
    return heard + finish(listener, VAD)


def joined(heard: Sequence[Heard]) -> tuple[Float32, Float32, Float32]:
    for before, after in itertools.pairwise(heard):
        assert after.start_frame == before.stop_frame
    return (
        np.concatenate([piece.samples for piece in heard]),
        np.concatenate([piece.speech for piece in heard]),
        np.concatenate([piece.gap for piece in heard]),
    )


@settings(deadline=None, max_examples=12)
@given(
    st.sampled_from([8000, 16000, 44100, 48000]),
    st.lists(st.integers(1, 4000), min_size=1, max_size=5),
)
def test_any_chunking_is_heard_the_same(rate: int, sizes: list[int]) -> None:
    sound = voice(2, rate=rate)
    whole, some = (
        joined(hear(chunks(sound, [len(sound)], rate), rate)),
        joined(hear(chunks(sound, sizes, rate), rate)),
    )
    for one, other in zip(whole, some, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_sample_at_a_time_is_heard_the_same() -> None:
    sound = voice(0.4, rate=8000)
    whole, single = hear(chunks(sound, [3200], 8000), 8000), hear(chunks(sound, [1], 8000), 8000)
    for one, other in zip(joined(whole), joined(single), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_a_click_keeps_its_position_at_every_rate(rate: int) -> None:
    sound = np.zeros(rate * 2, np.float32)
    sound[rate] = 0.9
    samples, _, _ = joined(hear(chunks(sound, [rate // 50], rate), rate))
    assert abs(int(np.abs(samples).argmax()) - 16000) <= 1
    assert len(samples) == 32000


def test_samples_are_steps_that_a_16_bit_file_gives_back_exactly() -> None:
    (heard, *_) = hear(chunks(voice(1, rate=48000), [48000], 48000), 48000)
    again = heard.int16().astype(np.float32) / 32768
    np.testing.assert_array_equal(again, heard.samples)
    loud = hear(chunks(np.full(16000, 1.5, np.float32), [16000], 16000))[0]
    assert loud.samples.max() < 1.0


def test_speech_is_heard_and_silence_and_music_are_not() -> None:
    assert joined(hear(chunks(voice(4), [320], 16000)))[1].mean() > 0.8
    assert joined(hear(chunks(silence(4), [320], 16000)))[1].mean() == 0
    assert joined(hear(chunks(music(8), [320], 16000)))[1].mean() < 0.05


def test_a_gap_is_silent_marked_and_shifts_nothing() -> None:
    sound = voice(1)
    items: list[Chunk | Gap] = [
        *chunks(sound, [16000], 16000),
        Gap(leg="a", start=16000, length=8000, reason="muted", captured_at=1.5),
        Chunk(leg="a", start=24000, samples=sound, captured_at=2.5),
    ]
    samples, speech, gap = joined(hear(items))
    assert len(samples) == 40000
    np.testing.assert_array_equal(samples[24000:], samples[:16000])
    assert gap.tolist() == [False] * 50 + [True] * 25 + [False] * 50
    assert not (speech & gap).any()


@given(st.integers(0, 20000), st.integers(1, 50000))
@settings(deadline=None, max_examples=15)
def test_a_gap_marks_every_frame_that_it_touches(start: int, length: int) -> None:
    items: list[Chunk | Gap] = [Gap(leg="a", start=start, length=length, reason="x", captured_at=0)]
    if start:
        items.insert(0, Chunk(leg="a", start=0, samples=silence(start / 16000), captured_at=0))
    tail = silence(0.1)
    items.append(Chunk(leg="a", start=start + length, samples=tail, captured_at=0))
    if len(items) == 3 and len(items[0].samples) != start:  # type: ignore[union-attr]
        return
    _, _, gap = joined(hear(items))
    touched = [k for k in range(len(gap)) if k * 320 < start + length and (k + 1) * 320 > start]
    assert np.flatnonzero(gap).tolist() == touched


def test_broken_samples_become_silence_and_are_counted() -> None:
    sound = voice(1).copy()
    sound[100:200] = np.nan
    sound[300] = np.inf
    listener = Listener("a", 16000, ListenerSettings())
    (heard,) = listen([(listener, chunks(sound, [16000], 16000))], VAD)[0]
    assert np.isfinite(heard.samples).all()
    assert listener.not_finite == 101


def test_samples_beyond_full_scale_are_clipped_and_break_nothing_behind_them() -> None:
    sound = voice(1, rate=48000).copy()
    sound[2000] = 3e38
    sound[2001] = -3e38
    samples, _, _ = joined(hear(chunks(sound, [48000], 48000), 48000))
    assert np.isfinite(samples).all()
    calm, _, _ = joined(hear(chunks(voice(1, rate=48000), [48000], 48000), 48000))
    np.testing.assert_array_equal(samples[2000:], calm[2000:])


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_the_resampler_smears_nothing_into_a_gap(rate: int) -> None:
    loud = np.asarray(np.random.default_rng(0).uniform(-1, 1, rate), np.float32)
    items: list[Chunk | Gap] = [
        Chunk(leg="a", start=0, samples=loud[: rate - 7], captured_at=1.0),
        Gap(leg="a", start=rate - 7, length=rate // 3, reason="paused", captured_at=1.1),
        Gap(leg="a", start=rate - 7 + rate // 3, length=11, reason="lost", captured_at=1.2),
        Chunk(leg="a", start=rate + 4 + rate // 3, samples=loud, captured_at=2.0),
    ]
    samples, _, gap = joined(hear(items, rate))
    first, last = -(-(rate - 7) * 16000 // rate), -(-(rate + 4 + rate // 3) * 16000 // rate)
    assert not samples[first:last].any()
    assert samples[first - 1] != 0
    assert samples[last] != 0
    assert gap[first // 320 : last // 320].all()


def test_sound_that_does_not_follow_is_refused() -> None:
    listener = Listener("a", 16000, ListenerSettings())
    listener.push([Chunk(leg="a", start=0, samples=silence(0.1), captured_at=0.1)])
    with pytest.raises(ValueError, match="expected position 1600, got 1700"):
        listener.push([Gap(leg="a", start=1700, length=1, reason="x", captured_at=0.1)])


def test_nothing_heard_is_nothing() -> None:
    listener = Listener("a", 48000, ListenerSettings())
    empty = Chunk(leg="a", start=0, samples=np.zeros(0, np.float32), captured_at=0.0)
    assert listen([(listener, [empty])], VAD) == [[]]
    assert finish(listener, VAD) == []


def test_a_leg_is_heard_the_same_alone_and_among_others() -> None:
    sounds = [voice(1.5, f0=f0, seed=i) for i, f0 in enumerate((110, 170, 230))]
    alone = [joined(hear(chunks(sound, [320], 16000))) for sound in sounds]
    listeners = [Listener(str(i), 16000, ListenerSettings()) for i in range(3)]
    parts = [chunks(sound, [320], 16000) for sound in sounds]
    together: list[list[Heard]] = [[], [], []]
    for turn in range(len(parts[0])):
        batch = [(listener, [part[turn]]) for listener, part in zip(listeners, parts, strict=True)]
        for index, heard in enumerate(listen(batch, VAD)):
            together[index] += heard
    for index, heard in enumerate(together):
        for one, other in zip(alone[index], joined(heard), strict=True):
            np.testing.assert_array_equal(one[: len(other)], other)


@pytest.mark.parametrize(("rate", "most"), [(16000, 0.02), (48000, 0.06), (8000, 0.1)])
def test_what_is_held_back_is_known_and_part_of_the_capture_time(rate: int, most: float) -> None:
    listener = Listener("a", rate, ListenerSettings())
    for item in chunks(voice(1, rate=rate), [rate // 50], rate):
        for heard in listen([(listener, [item])], VAD)[0]:
            assert heard.captured_at == pytest.approx(heard.stop_frame * 0.02, abs=0.001)
        assert listener.latency_s <= most


def test_a_resumed_leg_goes_on_at_its_frame() -> None:
    assert hear(chunks(voice(1), [320], 16000), start_frame=70)[0].start_frame == 70


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="rate 100 Hz: expected 4000 to 384000"):
        Listener("a", 100, ListenerSettings())
