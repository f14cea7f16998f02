from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.stream.record.world import MANIFEST, LoudnessEngine

from tonewatch.models.labels import DISGUSTED, FEARFUL, LABELS
from tonewatch.models.manifest import Streaming
from tonewatch.models.window import Float32, Frames, Window
from tonewatch.stream.answers import Judged
from tonewatch.stream.audio import Chunk
from tonewatch.stream.decision.summary import Summary
from tonewatch.stream.events import Episode
from tonewatch.stream.listener.gate import Vad
from tonewatch.stream.listener.heard import Heard, quantise
from tonewatch.stream.listener.listener import Listener, finish, listen
from tonewatch.stream.pipeline import LegCore, LegUpdate
from tonewatch.stream.record.history import frame_rows
from tonewatch.stream.settings import (
    DecisionSettings,
    ListenerSettings,
    RecordSettings,
    StreamSettings,
)

from .sound import music, pieces, silence, voice

SETTINGS = StreamSettings()
EASY = StreamSettings(decision=DecisionSettings(floor_points=35, floor_share=0.25, open_ms=240))
"""Floors under which random answers raise flags."""


@dataclass
class Run:
    """Feeds a core and keeps what came of it."""

    core: LegCore
    noisy: range = range(0)
    """Ends of windows whose audio is too poor to say."""
    engine: LoudnessEngine = field(default_factory=LoudnessEngine)
    waiting: list[Window] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    updates: list[LegUpdate] = field(default_factory=list)
    episodes: dict[str, Episode] = field(default_factory=dict)

    def hear(self, heard: Heard) -> None:
        windows = self.core.hear(heard)
        self.windows += windows
        self.waiting += windows

    def answer(self, count: int) -> None:
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        for window, frames in zip(taken, self.engine.infer(taken), strict=True):
            poor = "noise" if window.stop_frame in self.noisy else ""
            self.keep(self.core.read(frames, poor), poor=bool(poor))

    def rest(self) -> None:
        update = None if self.waiting else self.core.rest()
        if update is not None:
            self.keep(update)

    def end(self) -> tuple[np.ndarray, dict[str, Episode], Summary]:
        self.waiting += self.core.last()
        self.answer(len(self.waiting))
        update, episodes = self.core.finish()
        self.keep(update)
        self.keep_episodes(episodes)
        return np.concatenate(self.rows), self.episodes, self.core.summary()

    def keep(self, update: LegUpdate, *, poor: bool = False) -> None:
        self.updates.append(update)
        self.rows.append(frame_rows(update, poor=poor))
        self.keep_episodes(update.decision.episodes)

    def keep_episodes(self, episodes: Sequence[Episode]) -> None:
        self.episodes |= {episode.id: episode for episode in episodes}


def core(**more: int) -> LegCore:
    return LegCore("a", SETTINGS, MANIFEST, **more)


def call(spans: Sequence[tuple[bool, int]], start: int = 0) -> Heard:
    """Spoken and silent spans of so many frames, as heard."""
    speech = np.concatenate([np.full(length, spoken) for spoken, length in spans])
    rng = np.random.default_rng(len(speech))
    level = np.repeat(np.where(speech, 0.05 * rng.random(len(speech)), 0.0), 320)
    samples = quantise((level * rng.standard_normal(len(level))).astype(np.float32))
    return Heard(
        leg="a",
        start_frame=start,
        samples=samples,
        speech=speech,
        gap=np.zeros(len(speech), np.bool_),
        captured_at=(start + len(speech)) * 0.02,
    )


def part(heard: Heard, first: int, stop: int) -> Heard:
    stop = min(stop, heard.frames)
    return replace(heard.part(first, stop), captured_at=(heard.start_frame + stop) * 0.02)


SPANS = st.lists(st.tuples(st.booleans(), st.integers(1, 250)), min_size=1, max_size=8)


@example(
    spans=[(False, 750), (True, 28)], phase=1, noisy=737, steps=[(1, 1, True)]
)  # a rest when all was heard, before the window at the end
@settings(deadline=None, max_examples=40)
@given(
    SPANS,
    st.integers(0, 11),
    st.integers(0, 900),
    st.lists(
        st.tuples(st.integers(1, 130), st.integers(0, 12), st.booleans()), min_size=1, max_size=6
    ),
)
def test_neither_chunking_nor_late_answers_nor_rests_change_what_is_read(
    spans: list[tuple[bool, int]],
    phase: int,
    noisy: int,
    steps: list[tuple[int, int, bool]],
) -> None:
    heard = call(spans)
    whole = Run(core(phase_frames=phase), noisy=range(noisy, noisy + 200))
    whole.hear(heard)
    other = Run(core(phase_frames=phase), noisy=range(noisy, noisy + 200))
    at, turn = 0, 0
    while at < heard.frames:
        size, answers, rest = steps[turn % len(steps)]
        other.hear(part(heard, at, at + size))
        other.answer(answers)
        if rest:
            other.rest()
        at, turn = at + size, turn + 1
    one, two = whole.end(), other.end()
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1:] == two[1:]
    assert len(one[0]) == heard.frames


def read(sound: Float32, rate: int, sizes: list[int], vad: Vad) -> Run:
    """Sound through listener and core, each window answered as soon as it is cut."""
    listener, run = Listener("a", rate, ListenerSettings()), Run(core())
    position, heard = 0, []
    for piece in pieces(sound, sizes):
        end = position + len(piece)
        chunk = Chunk(leg="a", start=position, samples=piece, captured_at=end / rate)
        heard += listen([(listener, [chunk])], vad)[0]
        position = end
    for one in heard + finish(listener, vad):
        run.hear(one)
        run.answer(100)
    return run


@pytest.fixture(scope="module")
def vad() -> Vad:
    return Vad()


@settings(deadline=None, max_examples=5)
@given(st.sampled_from([8000, 16000, 48000]), st.lists(st.integers(1, 5000), min_size=1))
def test_any_chunking_of_the_sound_gives_the_same_curve(rate: int, sizes: list[int]) -> None:
    vad, sound = Vad(), voice(3, rate=rate)
    whole, other = read(sound, rate, [len(sound)], vad), read(sound, rate, sizes, vad)
    assert whole.windows
    for one, two in zip(whole.windows, other.windows, strict=True):
        assert (one.start_frame, one.speech) == (two.start_frame, two.speech)
        np.testing.assert_array_equal(one.samples, two.samples)
    one_end, two_end = whole.end(), other.end()
    assert one_end[0].tobytes() == two_end[0].tobytes()
    assert one_end[1:] == two_end[1:]


def test_one_sample_at_a_time_gives_the_same_curve(vad: Vad) -> None:
    sound = voice(1.5, rate=8000)
    whole, single = read(sound, 8000, [len(sound)], vad), read(sound, 8000, [1], vad)
    assert whole.windows
    assert whole.end()[0].tobytes() == single.end()[0].tobytes()


@pytest.mark.parametrize("sound", [silence(12), music(12), np.zeros(16000 * 12, np.float32)])
def test_silence_and_music_give_no_reading(sound: Float32, vad: Vad) -> None:
    run = read(sound, 16000, [320], vad)
    _, episodes, summary = run.end()
    assert run.windows == []
    assert episodes == {}
    assert summary.scores is None


def test_a_curve_begins_one_second_after_the_voice(vad: Vad) -> None:
    first = read(voice(3), 16000, [320], vad).windows[0]
    assert first.stop_frame <= 50 + 12 + 12
    assert first.warming_up


def test_an_update_tells_when_its_newest_sound_was_captured() -> None:
    run = Run(core())
    run.hear(call([(True, 200)]))
    run.answer(100)
    for window, update in zip(run.windows, run.updates, strict=True):
        assert update.captured_at == pytest.approx(window.stop_frame * 0.02)
        assert update.warming_up == (len(window.samples) < 48000)


def test_a_restart_reads_nothing_of_what_came_before() -> None:
    run = Run(core())
    run.hear(call([(True, 200)]))
    run.answer(100)
    update = run.core.restart(200)
    assert update.settled.stop_frame == 200
    seen = len(run.windows)
    run.hear(call([(True, 100)], start=200))
    assert run.windows[seen].start_frame >= 200
    run.answer(100)
    assert run.updates[-1].settled.start_frame >= 200


def test_a_judgement_of_the_audio_holds_for_what_its_window_can_reach() -> None:
    run = Run(core(), noisy=range(500, 10_000))
    run.hear(call([(True, 200), (False, 400), (True, 200)]))
    rows, _, _ = run.end()
    poor = rows["state"] & 4 > 0
    first = next(window for window in run.windows if window.stop_frame >= 500)
    begin = first.stop_frame - 150
    assert not poor[:begin].any()
    assert poor[begin : run.windows[-1].stop_frame - 25].all()


def test_an_answer_may_be_shorter_than_its_window() -> None:
    """As with a model whose frames need 400 samples every 320: 149 frames in 3 s."""
    manifest = MANIFEST.model_copy(update={"receptive_field": 400})
    run = Run(LegCore("a", SETTINGS, manifest))
    run.hear(call([(True, 300)]))
    for window, frames in zip(run.windows, run.engine.infer(run.windows), strict=True):
        count = manifest.frames_of(len(window.samples))
        short = Frames(
            leg="a",
            start_frame=frames.start_frame,
            logits=frames.logits[:count].copy(),
            features=frames.features[:count].copy(),
            captured_at=0.0,
            warming_up=frames.warming_up,
        )
        run.keep(run.core.read(short))
    run.waiting = []
    rows, _, _ = run.end()
    assert len(rows) == 300
    assert (rows["state"][run.windows[0].start_frame : 299] & 1 > 0).all()


def test_features_are_kept_where_they_are_asked_for() -> None:
    asked = StreamSettings(record=RecordSettings(embedding=True))
    run = Run(LegCore("a", asked, MANIFEST))
    run.hear(call([(True, 200)]))
    run.end()
    features = [update.settled.features for update in run.updates]
    assert all(part is not None and part.shape[1:] == (4,) for part in features)


STREAMS = MANIFEST.model_copy(update={"streaming": Streaming(delay_frames=10), "hop_frames": 8})
BEGIN, HOPS = 20, 40
"""First frame of a run, and the answers of 8 frames in it."""


def answers_of(seed: int, doubts: Sequence[bool]) -> list[Judged]:
    """Answers of one run, of which fear and disgust are loud and turn by turn the stronger."""
    rng = np.random.default_rng(seed)
    wave = 4 * np.sin(np.arange(8 * HOPS) / 17 + seed)
    logits = rng.normal(0, 0.5, (8 * HOPS, len(LABELS))).astype(np.float32)
    logits[:, FEARFUL] += 4 + wave
    logits[:, DISGUSTED] += 4 - wave
    return [
        Judged(
            frames=Frames(
                leg="a",
                start_frame=BEGIN + 8 * hop,
                logits=logits[8 * hop : 8 * hop + 8].copy(),
                features=np.zeros((8, 4), np.float32),
                captured_at=0.16 * hop,
            ),
            poor="noise" if doubt else "",
            trust=50 if doubt else 100,
        )
        for hop, doubt in enumerate(doubts)
    ]


def told(parts: Sequence[Sequence[Judged]]) -> tuple[bytes, list[Episode], Summary]:
    one = LegCore("a", EASY, STREAMS)
    one.hear(call([(True, 100), (False, 30), (True, 400)]))
    rows, episodes = [], []
    for part in parts:
        for update, group in one.read_all(part):
            rows.append(frame_rows(update, poor=bool(group[0].poor)))
            episodes += update.decision.episodes
    update, closed = one.finish()
    rows.append(frame_rows(update, poor=False))
    shown = [episode for episode in (*episodes, *closed) if episode.state == "closed"]
    return np.concatenate(rows).tobytes(), shown, one.summary()


@given(
    seed=st.integers(0, 99),
    doubts=st.lists(st.booleans(), min_size=HOPS, max_size=HOPS),
    cuts=st.lists(st.integers(1, HOPS - 1), max_size=8, unique=True),
)
def test_answers_that_are_read_together_make_what_they_make_one_by_one(
    seed: int, doubts: list[bool], cuts: list[int]
) -> None:
    answers = answers_of(seed, doubts)
    edges = [0, *sorted(cuts), HOPS]
    together = [answers[first:stop] for first, stop in pairwise(edges)]
    assert told(together) == told([[answer] for answer in answers])


def test_flags_of_answers_that_are_read_together_are_the_same() -> None:
    answers = answers_of(0, [False] * HOPS)
    _, flags, _ = told([answers])
    assert flags
    assert told([answers]) == told([[answer] for answer in answers])
