import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models.window import Float32
from tonewatch.stream.audio import Chunk
from tonewatch.stream.listener.denoise import CONTEXT, HOP, PROFILE, Denoiser, noisereduce_cleaner
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.listener.heard import Heard, quantise
from tonewatch.stream.listener.listener import Listener, finish, listen
from tonewatch.stream.settings import ListenerSettings

from ..sound import voice


def noise(frames: int, level: float = 0.01, seed: int = 0) -> Float32:
    return quantise(
        (level * np.random.default_rng(seed).standard_normal(frames * 320)).astype(np.float32)
    )


def heard(samples: Float32, start: int = 0, *, speech: bool = False, gap: bool = False) -> Heard:
    count = len(samples) // 320
    return Heard(
        leg="a",
        start_frame=start,
        samples=samples,
        speech=np.full(count, speech),
        gap=np.full(count, gap),
        captured_at=(start + count) * 0.02,
    )


def halved(sound: Float32, profile: Float32) -> Float32:
    """A cleaner with a known answer, which depends on the context too."""
    return np.asarray(0.5 * sound + 0.001 * sound.mean() + profile.std(), np.float32)


def through(denoiser: Denoiser, pieces: list[Heard]) -> list[Heard]:
    return [out for piece in pieces for out in denoiser.push(piece)] + denoiser.finish()


def joined(pieces: list[Heard]) -> Float32:
    return np.concatenate([piece.samples for piece in pieces])


def test_nothing_changes_until_a_second_without_speech_was_heard() -> None:
    sound = noise(300)
    out = joined(through(Denoiser(-70.0, clean=halved), [heard(sound)]))
    changed = np.flatnonzero(out != sound)[0] // 320
    assert changed == -(-PROFILE // HOP) * HOP
    np.testing.assert_allclose(out[changed * 320 :], 0.5 * sound[changed * 320 :] + 0.01, atol=1e-3)


def test_speech_is_never_taken_for_noise() -> None:
    sound = noise(400)
    out = joined(through(Denoiser(-70.0, clean=halved), [heard(sound, speech=True)]))
    np.testing.assert_array_equal(out, sound)


def test_a_dead_line_gives_no_profile() -> None:
    sound = noise(400, level=1e-4)
    out = joined(through(Denoiser(-70.0, clean=halved), [heard(sound)]))
    np.testing.assert_array_equal(out, sound)


def test_gaps_stay_zero() -> None:
    pieces = [heard(noise(200)), heard(np.zeros(60 * 320, np.float32), 200, gap=True)]
    out = joined(through(Denoiser(-70.0, clean=halved), pieces))
    assert not out[200 * 320 :].any()


def test_frames_keep_their_place_flags_and_time() -> None:
    speech = np.random.default_rng(3).random(331) < 0.5
    sound = noise(331)
    pieces = [
        Heard(
            leg="a",
            start_frame=40 + at,
            samples=sound[at * 320 : (at + 7) * 320],
            speech=speech[at : at + 7],
            gap=np.zeros(len(speech[at : at + 7]), bool),
            captured_at=0.02 * min(at + 7, 331),
        )
        for at in range(0, 331, 7)
    ]
    denoiser = Denoiser(-70.0, start_frame=40, clean=halved)
    out, frame = [], 40
    for piece in pieces:
        for done in denoiser.push(piece):
            assert done.start_frame == frame
            frame = done.stop_frame
            assert done.captured_at == pytest.approx(0.02 * (frame - 40))
            out.append(done)
        assert denoiser.held <= CONTEXT + HOP + 7
    out += denoiser.finish()
    assert denoiser.held == 0
    assert out[-1].stop_frame == 40 + 331
    np.testing.assert_array_equal(np.concatenate([done.speech for done in out]), speech)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 300))
def test_any_chunking_is_cleaned_the_same(sizes: list[int], frames: int) -> None:
    sound = noise(frames)
    pieces, at, turn = [], 0, 0
    while at < frames:
        size = sizes[turn % len(sizes)]
        pieces.append(heard(sound[at * 320 : (at + size) * 320], at))
        at, turn = at + size, turn + 1
    whole = joined(through(Denoiser(-70.0, clean=halved), [heard(sound)]))
    assert len(whole) == frames * 320
    np.testing.assert_array_equal(joined(through(Denoiser(-70.0, clean=halved), pieces)), whole)


def test_the_real_one_takes_noise_away_and_leaves_the_voice() -> None:
    clean, lead = voice(6), 3 * 16000
    dirty = np.concatenate([np.zeros(lead, np.float32), clean])
    dirty = dirty + noise(len(dirty) // 320, level=0.004, seed=1)
    listener, vad = Listener("a", 16000, ListenerSettings(denoise=True)), Vad()
    chunk = Chunk(leg="a", start=0, samples=dirty, captured_at=9.0)
    out = listen([(listener, [chunk])], vad)[0] + finish(listener, vad)
    sound = joined(out)
    assert len(sound) == len(dirty)
    before, after = sound[: 16000 // 2], sound[2 * 16000 : 3 * 16000 - 3000]
    assert after.std() < 0.2 * before.std()
    kept = float(np.dot(sound[lead:], clean)) / float(np.dot(clean, clean))
    assert 0.6 < kept < 1.1


def test_the_real_one_does_not_see_where_its_context_ends() -> None:
    rng = np.random.default_rng(0)
    sound = (0.1 * rng.standard_normal(16000 * 3)).astype(np.float32)
    profile = (0.02 * rng.standard_normal(16000)).astype(np.float32)
    cleaner = noisereduce_cleaner()
    whole = cleaner(sound, profile)
    at, size = 16000, (CONTEXT + HOP + CONTEXT) * 320
    part = cleaner(sound[at : at + size], profile)
    inner = slice(CONTEXT * 320, (CONTEXT + HOP) * 320)
    error = part[inner] - whole[at : at + size][inner]
    assert error.std() < 0.05 * whole.std()
