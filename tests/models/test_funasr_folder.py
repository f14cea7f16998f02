"""FunASR's folder, read without FunASR."""

import json
from pathlib import Path

import pytest

from tonewatch.models.engine import EngineError
from tonewatch.models.funasr_folder import FILES, funasr_manifest, is_funasr, read_tokens
from tonewatch.models.labels import LABELS
from tonewatch.models.registry import find
from tonewatch.models.settings import EngineSettings

TOKENS = "\n".join("<unk>" if label == "unknown" else f"x/{label}" for label in LABELS)


def checkpoint(folder: Path, tokens: str = TOKENS) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.pt").write_bytes(b"never read here")
    (folder / "config.yaml").write_text("model_conf: {embed_dim: 768, modalities: {}}")
    (folder / "configuration.json").write_text(json.dumps({}))
    (folder / "tokens.txt").write_text(tokens)
    return folder


def test_a_checkpoint_is_found_by_its_folder_and_says_what_it_is(tmp_path: Path) -> None:
    facts = find(EngineSettings(model=str(checkpoint(tmp_path / "mine")))).manifest
    assert (facts.name, facts.version, facts.feature_dim) == ("mine", "FunASR", 768)
    assert facts.known == LABELS
    assert facts.frames_of(48_000) == 149
    assert not facts.licence.commercial_use


@pytest.mark.parametrize("file", FILES[1:])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    folder = checkpoint(tmp_path / "mine")
    (folder / file).unlink()
    with pytest.raises(EngineError, match=f"{file} missing"):
        funasr_manifest(folder)


def test_a_model_folder_is_not_taken_for_a_checkpoint(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "mine")
    assert is_funasr(folder)
    (folder / "model.json").write_text("{}")
    assert not is_funasr(folder)


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        (TOKENS + "\n\n", "line 10: '' is no label"),
        (TOKENS.replace("x/sad", "x/bored"), "'x/bored' is no label"),
        (TOKENS.replace("x/sad", "x/angry"), "comes twice"),
    ],
)
def test_a_list_that_would_change_the_head_is_refused(
    tmp_path: Path, tokens: str, told: str
) -> None:
    with pytest.raises(EngineError, match=told):
        funasr_manifest(checkpoint(tmp_path / "mine", tokens))


def test_one_newline_at_the_end_is_harmless(tmp_path: Path) -> None:
    assert read_tokens(checkpoint(tmp_path / "mine", TOKENS + "\n") / "tokens.txt") == LABELS


def test_labels_that_are_not_used_are_not_known_and_large_has_all_nine(tmp_path: Path) -> None:
    hidden = TOKENS.replace("x/fearful", "unuse_1")
    facts = funasr_manifest(checkpoint(tmp_path / "mine", hidden))
    assert "fearful" not in facts.known
    assert not facts.decides_rivals
    with pytest.raises(EngineError, match="older copies hide fear and disgust"):
        funasr_manifest(checkpoint(tmp_path / "emotion2vec_plus_large", hidden))


def test_a_configuration_of_something_else_is_named(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "mine")
    (folder / "config.yaml").write_text("model: x")
    with pytest.raises(EngineError, match="not an emotion2vec configuration"):
        funasr_manifest(folder)
