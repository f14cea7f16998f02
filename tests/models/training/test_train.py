from pathlib import Path

import numpy as np
import pytest

from tonewatch.models.labels import LABELS
from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.training import train as room
from tonewatch.models.training.corpus import Clip, CorpusError
from tonewatch.models.training.crossval import HeldOut
from tonewatch.models.training.encoder import EncoderConfig
from tonewatch.models.window import Window

from .small import HEADS, WIDTH, variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch


def trained(base: Path, manifest: Path) -> Path:
    job = room.Training(
        manifest=manifest,
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
            lambda width, heads, layers: EncoderConfig(width=width, heads=HEADS, layers=layers),
        )
        return room.train(job, lambda _: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("train")
    return trained(base, write_corpus(base / "corpus"))


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


def test_a_sites_own_calls_are_one_corpus(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", corpora=("calls",), speakers=4)
    found = Manifest.load(trained(tmp_path, manifest))
    assert found.accuracy["uar_unseen_speakers"]["calls"]["clean"] > 50
    assert found.accuracy["uar_unseen_corpus_shared_labels"] == {}
    assert found.accuracy["ece_unseen_corpus"] is None
    manifest = write_corpus(tmp_path / "few", corpora=("calls",), speakers=3)
    with pytest.raises(CorpusError, match="four speakers or more"):
        trained(tmp_path, manifest)


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
        room.noise_of(job)


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
    calibration, outside = room.calibrate(
        [held_out(2 * sure)], [held_out(2 * sure)], clips, ("angry", "neutral")
    )
    assert calibration.temperature == pytest.approx(2, abs=0.25)
    assert calibration.ece is not None
    assert max(calibration.ece, outside) < 0.06
    calibration, outside = room.calibrate(
        [held_out(sure)], [held_out(4 * sure)], clips, ("angry", "neutral")
    )
    assert 1 < calibration.temperature < 4
    assert outside > 0.05
