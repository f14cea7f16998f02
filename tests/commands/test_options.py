"""Options that commands share."""

from pathlib import Path

import pytest

from tonewatch.commands.options import Failure, failure, settings_from
from tonewatch.models.engine import EngineError, ModelNotFoundError

from .shell import tonewatch


def test_options_become_settings() -> None:
    settings = settings_from(None, ("stream.window.hop_ms=480",), {"server.port": 8000})
    assert (settings.stream.window.hop_ms, settings.server.port) == (480, 8000)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "stream.window.hop=480"], "no such setting"),
        (["--set", "stream.window.hop_ms=7"], "hop_ms"),
        (["--port", "70000"], "server.port (from the command line)"),
        (["--provider", "abacus"], "Invalid value for '--provider'"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(words: list[str], told: str) -> None:
    answer = tonewatch("serve", *words)
    assert answer.exit_code == 2
    assert told in answer.output


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[server\n")
    answer = tonewatch("serve", "--config", file)
    assert answer.exit_code == 2
    assert f"settings file {file}: not valid TOML" in answer.output


def test_a_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Failure("the disk is full").show()
    assert capsys.readouterr().err == "tonewatch: the disk is full\n"


def test_a_model_that_is_not_there_is_a_wrong_command() -> None:
    wrong, broken = failure(ModelNotFoundError("unknown")), failure(EngineError("broken"))
    assert (wrong.exit_code, broken.exit_code) == (2, 1)
    assert (wrong.message, broken.message) == ("unknown", "broken")


@pytest.mark.parametrize("words", [["analyze", __file__], ["serve"]])
def test_every_command_refuses_an_unknown_model_alike(words: list[str], tmp_path: Path) -> None:
    answer = tonewatch(*words, "--model", "nosuch", "--output", tmp_path)
    assert answer.exit_code == 2
    assert "Error: unknown model 'nosuch'" in answer.output


def test_force_is_one_more_assignment() -> None:
    import click
    from click.testing import CliRunner

    from tonewatch.commands.options import settings_options

    @click.command()
    @settings_options
    def command(assignments: tuple[str, ...], **_: object) -> None:
        click.echo(str(settings_from(None, assignments, {}).engine.force))

    assert CliRunner().invoke(command, []).output == "False\n"
    assert CliRunner().invoke(command, ["--force"]).output == "True\n"
