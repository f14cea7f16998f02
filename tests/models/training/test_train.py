from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.training import train as room
from tonewatch.models.training.corpus import CorpusError
from tonewatch.models.training.encoder import EncoderConfig
from tonewatch.models.window import Window

from .small import HEADS, WIDTH, variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("train")
    job = room.Training(
        manifest=write_corpus(base / "corpus"),
        encoder=write_ct2(base / "model.bin", variables()),
        output=base / "own",
        cache=base / "cache",
        name="own",
        commercial=("first", "second"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            room,
            "EncoderConfig",
            lambda layers: EncoderConfig(width=WIDTH, heads=HEADS, layers=layers),
        )
        return room.train(job, lambda _: None)


def test_a_trained_folder_is_served(folder: Path) -> None:
    manifest = Manifest.load(folder)
    assert (manifest.name, manifest.feature_dim) == ("own", WIDTH)
    assert set(manifest.known) == {"angry", "fearful", "neutral"}
    assert manifest.licence.commercial_use
    engine = OnnxEngine(folder, provider="cpu")
    wave = voice(0, 0)
    (frames,) = engine.infer(
        [Window(leg="a/b", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)]
    )
    assert frames.logits.shape == (50, 9)


def test_held_out_figures_stand_in_manifest_and_card(folder: Path) -> None:
    manifest = Manifest.load(folder)
    unseen = manifest.accuracy["uar_unseen_speakers"]
    assert set(unseen) == {"first", "second"}
    # Pitch alone tells these labels apart: a head on random layers must hear it.
    assert unseen["first"]["clean"] >= 60
    assert str(unseen["first"]["clean"]) in (folder / "README.md").read_text(encoding="utf-8")


def test_the_speakers_are_told_so_that_an_evaluation_can_refuse_them(folder: Path) -> None:
    told = Manifest.load(folder).accuracy["trained_speakers"]
    assert told == ["first_0", "first_1", "second_0", "second_1"]


def test_one_label_is_nothing_to_learn(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", labels=("angry",), speakers=1)
    job = room.Training(manifest=manifest, encoder=Path("x"), output=tmp_path, cache=tmp_path)
    with pytest.raises(CorpusError, match="two labels or more"):
        room.train(job, lambda _: None)


def test_noise_recordings_must_be_there(tmp_path: Path) -> None:
    job = room.Training(
        manifest=Path("x"), encoder=Path("x"), output=tmp_path, cache=tmp_path, noise=tmp_path
    )
    with pytest.raises(CorpusError, match="no noise recordings"):
        room._noise(job)


def test_calibration_error_of_a_sure_liar_is_one() -> None:
    logits = np.zeros((10, 9), np.float32)
    logits[:, 0] = 100
    assert room.ece(logits, np.ones(10, int), 1.0) == pytest.approx(1)
    assert room.ece(logits, np.zeros(10, int), 1.0) == pytest.approx(0)
