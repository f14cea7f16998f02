"""`tonewatch export`: what it says before it begins; exporting itself is tested in its room."""

import pytest

from .shell import tonewatch


def test_an_unknown_precision_is_refused() -> None:
    answer = tonewatch("export", "emotion2vec_plus_large", "--precision", "int3")
    assert answer.exit_code == 2
    assert "int3" in answer.output


@pytest.mark.torch
def test_an_unknown_model_is_named_with_those_there_are() -> None:
    answer = tonewatch("export", "oracle")
    assert answer.exit_code == 1
    assert "neither a folder nor one of emotion2vec_plus_large" in answer.output
