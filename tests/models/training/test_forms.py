from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.manifest import Manifest
from tonewatch.models.registry import load_engine
from tonewatch.models.settings import EngineSettings
from tonewatch.models.streaming_engine import StreamingEngine
from tonewatch.models.training import train as room
from tonewatch.models.training.distil import Distillation
from tonewatch.models.training.joined import Part
from tonewatch.models.training.tuning import Tuning
from tonewatch.models.window import Window

from .small import variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> room.Training:
    base = tmp_path_factory.mktemp("train")
    return room.Training(
        manifest=write_corpus(base / "corpus"),
        encoders=(Part(path=write_ct2(base / "model.bin", variables())),),
        output=base / "own",
        cache=base / "cache",
        name="own",
        form="streaming",
        distillation=Distillation(steps=5, batch=2),
        tuning=Tuning(steps=3, batch=2),
    )


def train(job: room.Training) -> Path:
    return room.train(job, lambda _: None)


@pytest.fixture(scope="module")
def folder(job: room.Training) -> Path:
    return train(job)


def test_a_streaming_folder_says_what_it_is(folder: Path) -> None:
    manifest = Manifest.load(folder)
    assert manifest.streaming is not None
    assert manifest.streaming.delay_frames == 10
    assert manifest.streaming.kept == ("level",)
    assert any("hop by hop" in check.name for check in manifest.checks)


def test_a_tuned_folder_says_how_it_was_tuned_and_judged(folder: Path) -> None:
    accuracy = Manifest.load(folder).accuracy
    assert accuracy["tuned"]["steps"] == 3
    assert accuracy["held_out_speakers_at_a_time"] == {"first": 1, "second": 1}
    assert set(accuracy["uar_unseen_speakers"]) == {"first", "second"}
    assert set(accuracy["uar_unseen_corpus_shared_labels"]) == {"first", "second"}
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "then trained on with the labels" in card


def test_a_trained_streaming_folder_is_served_hop_by_hop(folder: Path) -> None:
    engine = load_engine(EngineSettings(model=str(folder), provider="cpu", force=True))
    assert isinstance(engine, StreamingEngine)
    wave = voice(0, 0, seconds=2.4)

    def window(start: int, stop: int) -> Window:
        piece = wave[320 * start : 320 * stop]
        return Window(leg="a/b", start_frame=start, samples=piece, speech=1.0, captured_at=0.0)

    engine.open("a/b")
    (whole,) = engine.infer([window(0, 120)])
    engine.open("a/b")
    pieces = engine.infer([window(start, start + 12) for start in range(0, 120, 12)])
    logits = np.concatenate([piece.logits for piece in pieces])
    assert whole.logits.shape == (110, 9)
    assert logits == pytest.approx(whole.logits, abs=2e-2)


def test_the_same_training_is_served_in_windows(folder: Path, job: room.Training) -> None:
    windows = train(replace(job, form="unrolled", name="whole", output=folder.parent / "whole"))
    manifest = Manifest.load(windows)
    assert manifest.streaming is None
    assert (
        manifest.accuracy["uar_unseen_speakers"]
        == (Manifest.load(folder).accuracy["uar_unseen_speakers"])
    )
    assert "hears silence around them" in (windows / "README.md").read_text(encoding="utf-8")
    engine = load_engine(EngineSettings(model=str(windows), force=True))
    samples = voice(3, 3, seconds=1.0)
    window = Window(
        leg="a", start_frame=0, samples=samples, speech=1.0, captured_at=0.0, warming_up=True
    )
    engine.open("a")
    (frames,) = engine.infer([window])
    assert frames.logits.shape == (50, 9)
