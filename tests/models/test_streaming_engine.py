from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonewatch.models import registry
from tonewatch.models.engine import EngineError
from tonewatch.models.labels import LABELS, MASKED_LOGIT, OTHER, UNKNOWN
from tonewatch.models.registry import EMBEDDED, load_engine
from tonewatch.models.settings import EngineSettings
from tonewatch.models.streaming_engine import StreamingEngine
from tonewatch.models.window import Frames, Window

from .tiny import tiny_model
from .tiny_streaming import DELAY, FEATURES, tiny_streaming_model

SOUND = (np.random.default_rng(3).standard_normal(320 * 100) * 0.1).astype(np.float32)


def window(start: int, stop: int, *, leg: str = "a/customer") -> Window:
    samples = SOUND[320 * start : 320 * stop].copy()
    return Window(leg=leg, start_frame=start, samples=samples, speech=1.0, captured_at=stop * 0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_streaming_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def engine(folder: Path) -> StreamingEngine:
    return StreamingEngine(folder, provider="cpu")


@pytest.fixture(scope="module")
def shipped() -> StreamingEngine:
    folder = Path(registry.__file__).parent / "compact-stream"
    return StreamingEngine(folder, provider="cpu", batch=4)


def joined(answers: list[Frames]) -> np.ndarray:
    stops = [answer.stop_frame for answer in answers]
    assert [answer.start_frame for answer in answers[1:]] == stops[:-1]
    return np.concatenate([answer.features for answer in answers])


@given(cuts=st.lists(st.integers(2, 98), max_size=8, unique=True))
def test_pieces_of_a_recording_give_what_the_whole_gives(
    engine: StreamingEngine, cuts: list[int]
) -> None:
    engine.open("a/customer")
    (whole,) = engine.infer([window(0, 100)])
    engine.open("a/customer")
    edges = [0, *sorted(cuts), 100]
    pieces = engine.infer([window(a, b) for a, b in pairwise(edges)])
    np.testing.assert_allclose(joined(pieces), whole.features, atol=1e-6)


def test_the_first_answer_of_a_run_begins_with_it_and_lags_at_its_end(
    engine: StreamingEngine,
) -> None:
    engine.open("a/customer")
    (frames,) = engine.infer([window(20, 50)])
    assert (frames.start_frame, frames.stop_frame) == (20, 50 - DELAY)
    assert frames.features.shape == (30 - DELAY, FEATURES)
    assert (frames.logits[:, [OTHER, UNKNOWN]] == MASKED_LOGIT).all()


def test_a_window_shorter_than_the_lag_gives_no_frame_yet(engine: StreamingEngine) -> None:
    engine.open("a/customer")
    first, second = engine.infer([window(20, 21), window(21, 22)])
    assert len(first.logits) == 0
    assert (second.start_frame, len(second.logits)) == (20, 1)


def test_a_hole_begins_a_new_run_that_knows_only_what_is_kept(engine: StreamingEngine) -> None:
    engine.open("a/customer")
    engine.infer([window(0, 20)])
    (after,) = engine.infer([window(40, 60)])
    engine.open("a/customer")
    (fresh,) = engine.infer([window(40, 60)])
    np.testing.assert_array_equal(after.features, fresh.features)
    # The counter of frames outlasts the hole: it is in the logits.
    known = after.logits[:, 0] - fresh.logits[:, 0]
    np.testing.assert_allclose(known, 20 * 320e-6, atol=1e-6)


def test_legs_do_not_know_of_each_other(engine: StreamingEngine) -> None:
    for leg in ("a", "b"):
        engine.open(leg)
    alone = [engine.infer([window(k, k + 12, leg="a")])[0].logits for k in (0, 12, 24)]
    engine.open("a")
    mixed = []
    for k in (0, 12, 24):
        answers = engine.infer([window(50 + k, 62 + k, leg="b"), window(k, k + 12, leg="a")])
        mixed.append(answers[1].logits)
    np.testing.assert_array_equal(np.concatenate(alone), np.concatenate(mixed))


def hops(legs: str, counts: list[int]) -> list[list[Window]]:
    """Windows of a hop, turn by turn: each leg elsewhere in the sound, with its own number."""
    begins = {leg: 7 * place for place, leg in enumerate(legs)}
    return [
        [
            window(begins[leg] + 8 * turn, begins[leg] + 8 * turn + 8, leg=leg)
            for leg, count in zip(legs, counts, strict=True)
            if turn < count
        ]
        for turn in range(max(counts))
    ]


@settings(max_examples=15)
@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any))
def test_legs_that_share_calls_read_what_they_read_alone_bit_for_bit(
    shipped: StreamingEngine, counts: list[int]
) -> None:
    legs = "abcdef"[: len(counts)]
    turns = hops(legs, counts)
    for leg in legs:
        shipped.open(leg)
    alone = {
        leg: [shipped.infer([w])[0] for turn in turns for w in turn if w.leg == leg] for leg in legs
    }
    for leg in legs:
        shipped.open(leg)
    for turn in turns:
        for frames in shipped.infer(turn):
            expected = alone[frames.leg].pop(0)
            assert frames.start_frame == expected.start_frame
            np.testing.assert_array_equal(frames.logits, expected.logits)
            np.testing.assert_array_equal(frames.features, expected.features)


@settings(max_examples=15)
@given(first=st.integers(1, 60), count=st.integers(0, 40), last=st.integers(1, 7))
def test_hops_that_wait_behind_each_other_are_read_at_once_bit_for_bit(
    shipped: StreamingEngine, first: int, count: int, last: int
) -> None:
    edges = [0, *range(first, first + 8 * count + 1, 8), first + 8 * count + last]
    sound = np.resize(SOUND, 320 * edges[-1])
    windows = [
        Window(
            leg=leg,
            start_frame=start,
            samples=sound[320 * start : 320 * stop].copy(),
            speech=1.0,
            captured_at=0.02 * stop,
        )
        for start, stop in pairwise(edges)
        for leg in "ab"
    ]
    for leg in "ab":
        shipped.open(leg)
    single = [shipped.infer([one])[0] for one in windows]
    for leg in "ab":
        shipped.open(leg)
    for one, other in zip(shipped.infer(windows), single, strict=True):
        assert (one.leg, one.start_frame) == (other.leg, other.start_frame)
        assert one.captured_at == other.captured_at
        np.testing.assert_array_equal(one.logits, other.logits)
        np.testing.assert_array_equal(one.features, other.features)


def test_a_call_that_fails_has_read_nothing(engine: StreamingEngine) -> None:
    for leg in "ab":
        engine.open(leg)
    engine.infer([window(0, 8, leg="a")])
    bad = np.full(2560, np.nan, np.float32)
    broken = Window(leg="b", start_frame=0, samples=bad, speech=1.0, captured_at=0.0)
    with pytest.raises(EngineError, match="not finite"):
        engine.infer([window(8, 16, leg="a"), broken])
    (again,) = engine.infer([window(8, 16, leg="a")])
    assert again.start_frame == 8 - DELAY


def test_rows_that_are_not_independent_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_streaming_model(tmp_path / "tiny")
    compute = StreamingEngine._compute

    def coupled(self: StreamingEngine, waves: np.ndarray, state: object) -> tuple[object, ...]:
        logits, features, after = compute(self, waves, state)
        return logits + np.float32(1e-3 * len(waves)), features, after

    monkeypatch.setattr(StreamingEngine, "_compute", coupled)
    engine = StreamingEngine(folder, provider="cpu", batch=4)
    assert "windows are read one by one" in caplog.text
    for leg in "ab":
        engine.open(leg)
    both = engine.infer([window(0, 8, leg="a"), window(0, 8, leg="b")])
    engine.open("a")
    (alone,) = engine.infer([window(0, 8, leg="a")])
    np.testing.assert_array_equal(both[0].logits, alone.logits)


def test_hops_that_are_not_read_alike_at_once_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_streaming_model(tmp_path / "tiny")
    compute = StreamingEngine._compute

    def longest_apart(
        self: StreamingEngine, waves: np.ndarray, state: object
    ) -> tuple[object, ...]:
        logits, features, after = compute(self, waves, state)
        return logits + np.float32(1e-3 * (waves.shape[1] >= 16 * 2560)), features, after

    monkeypatch.setattr(StreamingEngine, "_compute", longest_apart)
    StreamingEngine(folder, provider="cpu", batch=4)
    assert "windows are read one by one" in caplog.text


def test_the_registry_serves_a_streaming_folder(folder: Path) -> None:
    engine = load_engine(EngineSettings(model=str(folder)))
    assert isinstance(engine, StreamingEngine)
    assert engine.provider == "CPU"


def test_a_graph_without_a_state_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "plain", streaming={"delay_frames": 0})
    with pytest.raises(EngineError, match="expected inputs wave and a state"):
        StreamingEngine(folder)


def test_a_manifest_that_does_not_stream_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="lacks `streaming`"):
        StreamingEngine(tiny_model(tmp_path / "plain"))


def test_broken_samples_are_an_error_and_not_numbers(engine: StreamingEngine) -> None:
    bad = np.full(3840, np.nan, np.float32)
    broken = Window(leg="x", start_frame=0, samples=bad, speech=1.0, captured_at=0.0)
    with pytest.raises(EngineError, match="not finite"):
        engine.infer([broken])


def test_what_is_always_there_streams_and_answers_within_200_ms() -> None:
    engine = load_engine(EngineSettings(models_dir=Path("nowhere"), provider="cpu"))
    manifest = engine.manifest
    assert manifest.name == EMBEDDED
    assert manifest.streaming is not None
    assert 20 * manifest.streaming.delay_frames <= 200
    engine.open("a/b")
    (whole,) = engine.infer([window(0, 96, leg="a/b")])
    engine.open("a/b")
    pieces = engine.infer([window(k, k + 8, leg="a/b") for k in range(0, 96, 8)])
    logits = np.concatenate([piece.logits for piece in pieces])
    known = [LABELS.index(label) for label in manifest.known]
    # Weights are int8: their products are rounded by the processor's own ways.
    np.testing.assert_allclose(logits[:, known], whole.logits[:, known], atol=0.3)
