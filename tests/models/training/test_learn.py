from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.training import train as room
from tonewatch.models.training.batches import Drawing
from tonewatch.models.training.corpus import CorpusError
from tonewatch.models.training.fitting import Fitting
from tonewatch.models.training.joined import Part
from tonewatch.models.training.learn import Learning, learn
from tonewatch.models.training.variants import VariantError
from tonewatch.models.window import Window

from ..tiny import tiny_model
from .small import WIDTH, variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch
QUICK = Learning(
    architecture="bilstm", fitting=Fitting(steps=30, rate=1e-2), drawing=Drawing(batch=8)
)


def job(base: Path, **changes: object) -> room.Training:
    base.mkdir(parents=True, exist_ok=True)
    return replace(
        room.Training(
            manifest=write_corpus(base / "corpus"),
            encoders=(Part(path=write_ct2(base / "model.bin", variables())),),
            output=base / "own",
            cache=base / "cache",
            name="own",
            commercial=("first", "second"),
        ),
        **changes,
    )


def delivered(*words: object) -> Path:
    folder = learn(*words)
    assert folder is not None
    return folder


def served(folder: Path, width: int) -> Manifest:
    engine = OnnxEngine(folder, provider="cpu")
    for seconds in (1.0, 3.0):
        wave = voice(0, 0, seconds=seconds)
        (frames,) = engine.infer(
            [Window(leg="a/b", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)]
        )
        assert frames.logits.shape == (50 * seconds, 9)
        assert frames.features.shape[1] == width
    return engine.manifest


def test_the_classic_network_is_trained_judged_and_served(tmp_path: Path) -> None:
    folder = delivered(job(tmp_path), QUICK, lambda _: None)
    manifest = served(folder, 128)
    assert manifest.accuracy["uar_unseen_speakers"]["first"]["clean"] >= 60
    assert manifest.accuracy["trained_speakers"] == ["first_1", "second_1"], "others were held out"
    assert all(check.passed for check in manifest.checks)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "LSTM with attention" in card
    assert not (folder / "NOTICE").exists(), "nothing of Whisper is in it"


def test_the_encoder_is_trained_on_with_every_switch(tmp_path: Path) -> None:
    how = Learning(
        architecture="whisper",
        fitting=Fitting(steps=3, precision="bf16"),
        drawing=Drawing(batch=4, augment=("speed", "specaugment", "babble"), mixup=0.2),
        balance="weighted",
    )
    folder = delivered(job(tmp_path), how, lambda _: None)
    assert served(folder, WIDTH).name == "own"
    assert (folder / "NOTICE").exists()
    assert (tmp_path / "cache/whisper/curve.csv").exists()


def test_a_teacher_teaches_sound_without_labels_too(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    soundfile.write(calls / "call.wav", voice(1, 5, seconds=2), 16_000)
    teacher = OnnxEngine(tiny_model(tmp_path / "teacher"), provider="cpu")
    how = replace(QUICK, unlabelled=calls, fitting=Fitting(steps=30, rate=1e-2, teacher_share=20))
    said: list[str] = []
    folder = delivered(job(tmp_path), how, said.append, teacher)
    assert "teacher has read 13 of 13 clips" in said, "twelve with labels and one without"
    wave = voice(2, 0)
    window = Window(leg="a/b", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)
    student = OnnxEngine(folder, provider="cpu")
    known = [0, 2, 4]
    one, other = (engine.infer([window])[0].logits[:, known] for engine in (teacher, student))
    apart = np.abs((one - one.mean(1, keepdims=True)) - (other - other.mean(1, keepdims=True)))
    assert np.median(apart) < 0.5, "frame by frame as the teacher"


def test_what_cannot_be_is_told_at_once(tmp_path: Path) -> None:
    plain = job(tmp_path)
    teacher = OnnxEngine(tiny_model(tmp_path / "teacher"), provider="cpu")
    moved = replace(QUICK, drawing=Drawing(augment=("speed",)))
    with pytest.raises(VariantError, match="moves frames in time"):
        learn(plain, moved, lambda _: None, teacher)
    with pytest.raises(CorpusError, match="need a teacher"):
        learn(plain, replace(QUICK, unlabelled=tmp_path), lambda _: None)
    with pytest.raises(CorpusError, match="no recordings"):
        learn(plain, replace(QUICK, unlabelled=tmp_path / "cache"), lambda _: None, teacher)
    with pytest.raises(CorpusError, match="--encoder"):
        learn(replace(plain, encoders=()), replace(QUICK, architecture="whisper"), lambda _: None)


def test_free_weights_hear_free_corpora_alone(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", speakers=4)
    free = job(tmp_path / "job", manifest=manifest, commercial=("second",), free=True)
    folder = delivered(free, QUICK, lambda _: None)
    found = Manifest.load(folder)
    assert [source.corpus for source in found.data] == ["second"]
    assert found.licence.commercial_use
    with pytest.raises(CorpusError, match="none of its corpora"):
        learn(replace(free, commercial=()), QUICK, lambda _: None)
