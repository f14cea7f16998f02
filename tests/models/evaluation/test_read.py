from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.evaluation.read import band, clip_logits, cut, frame_logits, quantised, spoken
from tonewatch.models.labels import LABELS
from tonewatch.models.streaming_engine import StreamingEngine
from tonewatch.models.training.augment import telephone

from ..tiny_streaming import tiny_streaming_model
from .scripted import ScriptedEngine

LENGTHS = (16_000, 24_000, 32_000, 48_000)


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        (5_000, [(0, 16_000)]),
        (16_000, [(0, 16_000)]),
        (31_000, [(0, 24_000), (21, 24_000)]),
        (48_100, [(0, 48_000)]),
        (120_000, [(0, 48_000), (75, 48_000), (150, 48_000), (225, 48_000)]),
    ],
)
def test_windows_have_true_lengths_and_reach_the_end(
    samples: int, found: list[tuple[int, int]]
) -> None:
    wave = np.arange(samples, dtype=np.float32)
    cuts = list(cut(wave, LENGTHS))
    assert [(start, len(part)) for start, part in cuts] == found
    if samples >= 16_000:
        for start, part in cuts:
            assert part[0] == start * 320
        assert samples - (cuts[-1][1][-1] + 1) < 320


def test_samples_are_brought_to_int16_steps() -> None:
    heard = quantised(np.array([2.0, -2.0, 1e-6, 0.5], np.float32))
    assert heard.tolist() == [32767 / 32768, -1, 0, 0.5]


def test_a_clips_logits_are_the_mean_over_its_speech() -> None:
    """The engine answers with each frame's level: pauses must not pull the mean down."""
    wave = np.concatenate([np.zeros(16_000, np.float32), np.full(16_000, 0.5, np.float32)])
    logits = clip_logits(ScriptedEngine(), wave)
    assert logits.shape == (len(LABELS),)
    assert logits[0] == pytest.approx(0.5, abs=1e-3)
    assert spoken(wave, 100).tolist() == [False] * 50 + [True] * 50


def test_overlapping_windows_agree_on_the_frames_grid() -> None:
    levels = np.repeat(np.linspace(0.1, 0.9, 375).astype(np.float32), 320)
    found = frame_logits(ScriptedEngine(), levels)
    assert len(found) == 375
    assert found[:, 0] == pytest.approx(np.linspace(0.1, 0.9, 375), abs=1e-3)


def test_the_leg_is_closed_even_when_the_engine_fails() -> None:
    engine = ScriptedEngine(fail=True)
    with pytest.raises(RuntimeError):
        frame_logits(engine, np.ones(16_000, np.float32))
    assert engine.calls == ["open", "infer", "close"]


@pytest.mark.parametrize("samples", [100, 16_000, 50_321])
def test_a_streaming_engine_answers_every_frame_of_a_clip(tmp_path: Path, samples: int) -> None:
    engine = StreamingEngine(tiny_streaming_model(tmp_path / "tiny"), provider="cpu")
    wave = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * 0.1
    logits = frame_logits(engine, wave)
    assert logits.shape == (max(1, samples // 320), 9)
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(frame_logits(engine, wave), logits)


def test_a_gate_says_which_frames_count() -> None:
    wave = np.concatenate([np.full(16_000, 0.2), np.full(16_000, 0.6)]).astype(np.float32)
    late = clip_logits(ScriptedEngine(), wave, gate=lambda _: np.arange(100) >= 75)
    assert late[0] == pytest.approx(0.6, abs=1e-3)
    nobody = clip_logits(ScriptedEngine(), wave, gate=lambda _: np.zeros(100, np.bool_))
    assert (nobody == 0).all()


def test_a_telephone_is_narrow() -> None:
    wave = (0.1 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)
    assert (band(wave), band(telephone(wave, companded=False))) == ("wide", "narrow")
