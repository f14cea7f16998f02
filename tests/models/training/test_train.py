import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.training import train as room
from tonewatch.models.training.corpus import CorpusError
from tonewatch.models.training.joined import Part
from tonewatch.models.training.variants import VariantError
from tonewatch.models.window import Window

from .small import WIDTH, variables, voice, write_corpus, write_ct2

pytestmark = pytest.mark.torch


def job_of(base: Path, manifest: Path) -> room.Training:
    return room.Training(
        manifest=manifest,
        encoders=(Part(path=write_ct2(base / "model.bin", variables())),),
        output=base / "own",
        cache=base / "cache",
        name="own",
        commercial=("first", "second"),
    )


def trained(base: Path, manifest: Path, **words: Any) -> Path:
    job = replace(job_of(base, manifest), **words)
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


def test_the_card_has_figures_of_speakers_and_corpora_that_were_not_heard(folder: Path) -> None:
    figures = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert figures["speakers"]["groups"]["all"]["all"]["clips"] == 24
    assert figures["corpora"]["groups"]["corpus"]["first"]["clips"] == 12
    assert figures["conditions"]["clean"]["uar"] > 60
    assert "babble 10 dB" in figures["conditions"]
    assert (folder / "card.png").read_bytes().startswith(b"\x89PNG")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "### Conditions" in card
    assert "| truth | angry | fearful | neutral |" in card


def test_free_weights_are_judged_on_corpora_that_they_may_not_learn_from(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", speakers=4)
    found = trained(tmp_path, manifest, commercial=("first",), free=True, strangers=True)
    told = Manifest.load(found)
    assert told.licence.commercial_use
    assert [source.corpus for source in told.data] == ["first"]
    assert set(told.accuracy["uar_unseen_speakers"]) == {"first"}
    assert set(told.accuracy["uar_unseen_corpus_shared_labels"]) == {"second"}
    assert told.accuracy["trained_speakers"] == [f"first_{i}" for i in range(4)]
    assert 0 <= told.accuracy["ece_unseen_corpus"] <= 1
    assert told.calibration.fitted_on == "single voices asked about other voices on the worst line"
    assert "too unsure of voices like them" in (found / "README.md").read_text(encoding="utf-8")


def test_what_the_forbidden_corpora_sound_like_changes_nothing_of_free_weights(
    tmp_path: Path,
) -> None:
    manifest = write_corpus(tmp_path / "corpus", speakers=4)
    words: dict[str, Any] = {"commercial": ("first",), "free": True, "strangers": True}
    one = Manifest.load(trained(tmp_path, manifest, **words))
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row[1] != "second"]
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    other = Manifest.load(trained(tmp_path, manifest, **words))
    assert (one.sha256, one.calibration) == (other.sha256, other.calibration)


def test_a_head_learns_from_the_copies_asked_for(folder: Path, tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus")
    told = Manifest.load(trained(tmp_path, manifest, augment=("babble", "reverberation")))
    assert told.accuracy["augment"] == ["babble", "reverberation"]
    assert told.sha256 != Manifest.load(folder).sha256
    with pytest.raises(VariantError, match="'echo' is no augmentation"):
        trained(tmp_path, manifest, augment=("echo",))


def test_noise_that_was_left_out_is_there_to_judge_with(tmp_path: Path) -> None:
    for place in ("crowd", "metro", "rir"):
        (tmp_path / place).mkdir()
        soundfile.write(tmp_path / place / "a.wav", voice(len(place), 0), 16_000)
    job = replace(job_of(tmp_path, tmp_path / "x"), noise=tmp_path, noise_without=("metro", "rir"))
    (only,) = room.unheard_noise(job)
    assert only == pytest.approx(voice(5, 0), abs=1e-4)


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


def test_layers_of_two_encoders_become_one_model(tmp_path: Path) -> None:
    wide = write_ct2(tmp_path / "wide.bin", variables())
    narrow = write_ct2(tmp_path / "narrow.bin", variables(seed=1, width=8))
    job = room.Training(
        manifest=write_corpus(tmp_path / "corpus", corpora=("calls",), speakers=4),
        encoders=(Part(path=wide, layers=(1, 2)), Part(path=narrow, layers=(2,))),
        output=tmp_path / "own",
        cache=tmp_path / "cache",
        half=True,
    )
    folder = room.train(job, lambda _: None)
    assert Manifest.load(folder).feature_dim == 2 * WIDTH + 8
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"Layers 1 and 2 of Whisper of width {WIDTH}, 2 of Whisper of width 8 (MIT" in card
    engine = OnnxEngine(folder, provider="cpu")
    (frames,) = engine.infer(
        [Window(leg="a/b", start_frame=0, samples=voice(0, 0), speech=1.0, captured_at=0.0)]
    )
    assert frames.features.shape == (50, 2 * WIDTH + 8)
    with pytest.raises(CorpusError, match="the streaming form is distilled from one layer of one"):
        room.train(replace(job, form="streaming"), lambda _: None)


def test_one_label_is_nothing_to_learn(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", labels=("angry",), speakers=1)
    job = room.Training(manifest=manifest, encoders=(), output=tmp_path, cache=tmp_path)
    with pytest.raises(CorpusError, match="two labels or more"):
        room.train(job, lambda _: None)


def test_noise_recordings_must_be_there(tmp_path: Path) -> None:
    job = room.Training(
        manifest=Path("x"), encoders=(), output=tmp_path, cache=tmp_path, noise=tmp_path
    )
    with pytest.raises(CorpusError, match="no noise recordings"):
        room.noise_of(job)
