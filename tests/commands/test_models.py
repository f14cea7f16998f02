"""`tonewatch models`."""

from pathlib import Path

from tests.models.tiny import tiny_model

from .shell import tonewatch


def test_the_model_that_comes_along_is_listed() -> None:
    answer = tonewatch("models")
    assert answer.exit_code == 0
    assert "compact" in answer.output
    assert "export" in answer.output


def test_further_models_are_listed_with_what_they_may_be_used_for(tmp_path: Path) -> None:
    tiny_model(tmp_path / "house")
    answer = tonewatch("models", "--models-dir", tmp_path)
    (row,) = [line for line in answer.output.splitlines() if "house" in line]
    assert "passed" in row


def test_a_model_that_cannot_tell_fear_from_disgust_says_so(tmp_path: Path) -> None:
    tiny_model(tmp_path / "mine", known=["happy", "fearful"])
    answer = tonewatch("models", "--models-dir", tmp_path)
    assert "mine does not know disgusted: fear/disgust decision off" in answer.output
