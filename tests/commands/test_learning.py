"""The options of a whole network, down to the job that they describe."""

import importlib.util

import click
import pytest
from click.testing import CliRunner

from tonewatch.commands.learning import NAMES, learning_of, learning_options

WITHOUT_TORCH = importlib.util.find_spec("torch") is None


@click.command()
@learning_options
def shown(architecture: str, teacher: str | None, **words: object) -> None:
    assert set(words) == set(NAMES)
    how = learning_of(architecture, words)
    click.echo(f"{how.architecture} {how.fitting.rate} {how.drawing.augment} {how.balance}")


@pytest.mark.torch
@pytest.mark.skipif(WITHOUT_TORCH, reason="needs torch")
def test_words_become_a_job() -> None:
    words = ["--architecture", "bilstm", "--rate", "0.01", "--augment", "gain", "--augment", "line"]
    answer = CliRunner().invoke(shown, words, catch_exceptions=False)
    assert answer.output == "bilstm 0.01 ('gain', 'line') balanced\n"


def test_a_wrong_word_is_refused() -> None:
    answer = CliRunner().invoke(shown, ["--precision", "int4"])
    assert answer.exit_code == 2
    assert "int4" in answer.output
