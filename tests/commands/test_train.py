"""`tonewatch train`: what it says before it begins; training itself is tested in its room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewatch.models.manifest import Manifest

from ..models.training.small import write_corpus
from .shell import tonewatch


def test_missing_files_are_named(tmp_path: Path) -> None:
    words = ["--manifest", tmp_path / "clips.csv", "--encoder", tmp_path / "model.bin"]
    answer = tonewatch("train", *words, "--output", tmp_path / "new")
    assert answer.exit_code == 2
    assert "clips.csv" in answer.output
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give either --manifest CSV or --layout CORPUS=FOLDER"),
        (["--layout", "emodb"], "--layout emodb: expected CORPUS=FOLDER"),
        (["--layout", "klingon=."], "'klingon' is no corpus known here"),
    ],
)
@pytest.mark.torch
def test_where_the_clips_come_from_must_be_said(
    tmp_path: Path, words: list[str], said: str
) -> None:
    answer = tonewatch("train", *words, "--output", tmp_path / "new")
    assert answer.exit_code in (1, 2)
    assert said in answer.output
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layers", "2", "--layers", "3"], "--layers: give one for each --encoder"),
        (["--encoder-sha256", "a", "--encoder-sha256", "b"], "--encoder-sha256: give one for each"),
        (["--layers", "2-4"], "--layers 2-4: expected a number, or several as in 2+3+4"),
        (["--precision", "fp16"], "--precision fp16 is for whole networks on GPUs"),
        (["--layers", "2+3"], "model.bin: not a CTranslate2 model of version 6"),
    ],
)
@pytest.mark.torch
def test_words_about_encoders_that_do_not_fit_are_refused(
    tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(100))
    manifest = write_corpus(tmp_path / "corpus")
    given = ["--manifest", manifest, "--encoder", tmp_path / "model.bin", *words]
    answer = tonewatch("train", *given, "--output", tmp_path / "new")
    assert answer.exit_code in (1, 2)
    assert said in answer.output
    assert not (tmp_path / "new").exists()


@pytest.mark.torch
@pytest.mark.slow
def test_a_published_layout_becomes_a_classic_model(tmp_path: Path) -> None:
    emodb = tmp_path / "wav"
    emodb.mkdir()
    for speaker in ("03", "08", "09", "10"):
        for code, hertz in (("W", 200), ("T", 400)):
            for text in ("01", "02"):
                wave = 0.2 * np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000)
                soundfile.write(emodb / f"{speaker}a{text}{code}a.wav", wave, 16_000)
    words = ["--layout", f"emodb={emodb}", "--free", "--commercial", "emodb"]
    words += ["--architecture", "bilstm", "--steps", "3", "--batch", "4", "--augment", "line"]
    answer = tonewatch("train", *words, "--name", "own", "--output", tmp_path / "own")
    assert answer.exit_code == 0, answer.output
    found = Manifest.load(tmp_path / "own")
    assert found.licence.commercial_use
    assert set(found.known) == {"angry", "sad"}
    assert [source.corpus for source in found.data] == ["emodb"]
