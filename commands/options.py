"""Options that several commands share, and the way from options to Settings."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from ..models.engine import ModelNotFoundError
from ..settings import Settings, SettingsError, load
from ..stream.decision.scene.scenes import SceneError, load_scenes

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(command: Command) -> Command:
    """`--config`, `--set`, `--model`, `--provider` and `--force`.

    `--force` reaches the command as one more assignment.
    """

    @functools.wraps(command)
    def with_force(*, force: bool, assignments: tuple[str, ...], **words: Any) -> Any:
        more = ("engine.force=true",) if force else ()
        return command(assignments=(*assignments, *more), **words)

    wrapped = cast(Command, with_force)
    for option in (
        click.option("--force", is_flag=True, help="Load a model although it failed its checks."),
        click.option(
            "--provider",
            type=click.Choice(["auto", "cpu", "cuda", "tensorrt", "openvino"]),
            help="Where to compute; one demanded by name must load.  [default: auto]",
        ),
        click.option("--model", help="Model name or folder.  [default: auto, the best one]"),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="SECTION.KEY=VALUE",
            help="Any setting, e.g. stream.window.hop_ms=480 (README: Settings). Repeatable.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Settings file (TOML).  [default: the user's tonewatch.toml, if there is one]",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


def settings_from(
    config: Path | None, assignments: tuple[str, ...], options: dict[str, Any]
) -> Settings:
    """Settings, or one clear line and exit code 2."""
    try:
        settings = load(config, assignments, options)
        _check_scenes(settings)
    except (SettingsError, SceneError) as error:
        raise click.UsageError(str(error)) from error
    return settings


def _check_scenes(settings: Settings) -> None:
    """A profile or file that cannot be used is told now, not by each session."""
    decision = settings.stream.decision
    if decision.scenes or decision.profile:
        load_scenes(decision.scenes).scene("", decision.profile)


class Failure(click.ClickException):
    """Something that the user can mend: one line on stderr, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"tonewatch: {self.message}", err=True)


def failure(error: Exception) -> click.ClickException:
    """What an error of the rooms below ends a command with.

    A model that is not there is a wrong command, like a wrong setting: exit code 2.
    """
    if isinstance(error, ModelNotFoundError):
        return click.UsageError(str(error))
    return Failure(str(error))


def check_output(output: Path) -> None:
    """Whether sessions can be written, before anything is begun. Raises Failure."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        raise Failure(
            f"cannot write to the output folder {output} ({error.strerror}); make it writable, "
            "free space, or choose another one with --output"
        ) from error
