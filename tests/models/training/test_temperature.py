from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonewatch.models.evaluation.metrics import scores_of
from tonewatch.models.labels import LABELS, Label
from tonewatch.models.training.corpus import Clip, read_manifest
from tonewatch.models.training.crossval import HeldOut
from tonewatch.models.training.encoder import EncoderConfig, load_encoder
from tonewatch.models.training.features import extract
from tonewatch.models.training.held import Known
from tonewatch.models.training.temperature import (
    calibrate,
    calibrate_for_strangers,
    error_at,
    strange,
    temperature_of_rights,
)

from .small import HEADS, LAYERS, WIDTH, variables, voice, write_corpus

pytestmark = pytest.mark.torch
KNOWN: tuple[Label, ...] = ("angry", "neutral")


def test_one_temperature_serves_unseen_speakers_and_corpora() -> None:
    clips = [
        Clip(path=Path("x"), corpus="a", speaker=f"s{i % 4}", label=label)
        for i, label in enumerate(("angry", "neutral") * 400)
    ]
    rng = np.random.default_rng(0)
    truth = np.array([LABELS.index(clip.label) for clip in clips])

    def held_out(sureness: float) -> HeldOut:
        """Right in 80 of 100, and sure by `sureness`."""
        right = rng.random(len(truth)) < 0.8
        logits = np.full((len(truth), 9), -1e4, np.float32)
        logits[:, [0, 4]] = 0
        answer = np.where(right, truth, 4 - truth)
        logits[np.arange(len(truth)), answer] = sureness
        return HeldOut(corpus="a", copy="clean", clips=np.arange(len(truth)), logits=logits)

    sure = float(np.log(0.8 / 0.2))
    calibration, outside = calibrate([held_out(2 * sure)], [held_out(2 * sure)], clips, KNOWN)
    assert calibration.temperature == pytest.approx(2, abs=0.25)
    assert calibration.ece is not None
    assert max(calibration.ece, outside) < 0.06
    calibration, outside = calibrate([held_out(sure)], [held_out(4 * sure)], clips, KNOWN)
    assert 1 < calibration.temperature < 4
    assert outside > 0.05


@given(st.floats(0.3, 0.95), st.floats(1, 20))
def test_at_the_temperature_of_rights_one_is_as_sure_as_right(right: float, scale: float) -> None:
    rng = np.random.default_rng(3)
    logits = (scale * rng.standard_normal((400, len(LABELS)))).astype(np.float32)
    top = logits.argmax(axis=1)
    truth = np.where(rng.random(400) < right, top, (top + 1) % len(LABELS))
    found = temperature_of_rights(logits, truth)
    sure = scores_of(logits, found).max(axis=1).mean()
    assert sure == pytest.approx((top == truth).mean(), abs=1e-3)


def test_the_worst_line_leaves_sound_of_a_call() -> None:
    wave = voice(2, 0, seconds=1.5)
    heard = strange(wave, [voice(5, 5)], np.random.default_rng(0))
    assert heard.dtype == np.float32
    assert 0.75 * len(wave) < len(heard) < 1.3 * len(wave)
    spectrum = np.abs(np.fft.rfft(heard)) ** 2
    assert spectrum[int(len(spectrum) * 0.55) :].sum() < 1e-3 * spectrum.sum()


def test_a_temperature_for_strangers_is_less_sure_than_one_for_known_voices(tmp_path: Path) -> None:
    clips = read_manifest(write_corpus(tmp_path / "corpus", corpora=("first",), speakers=4))
    encoder = load_encoder(variables(), EncoderConfig(width=WIDTH, heads=HEADS, layers=LAYERS))
    noise = [np.random.default_rng(0).standard_normal(16_000).astype(np.float32)]
    data = extract(clips, encoder, noise, tmp_path / "cache", lambda _: None)
    known: tuple[Label, ...] = ("angry", "fearful", "neutral")
    of = Known(clips=clips, data=data, labels=known, sizes={"first": 1}, penalty=3e-3)
    assert calibrate_for_strangers(of, encoder, noise) > 1


def test_a_calibration_error_is_none_where_one_is_as_sure_as_right() -> None:
    clips = [Clip(path=Path("x"), corpus="a", speaker="s", label="angry")] * 10
    logits = np.full((10, len(LABELS)), -1e4, np.float32)
    logits[:, :2] = 0
    logits[:, 0] = np.where(np.arange(10) < 5, 1e-3, -1e-3)
    part = HeldOut(corpus="a", copy="clean", clips=np.arange(10), logits=logits)
    assert error_at(1.0, [part], clips, ("angry", "disgusted")) < 0.01
    assert error_at(1e-5, [part], clips, ("angry", "disgusted")) == pytest.approx(0.5, abs=0.01)
