"""`tonewatch learn`: the loop from reviews back to centres, calibration and floor."""

from pathlib import Path
from typing import Any

import click

from ..models.engine import EngineError
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from ..stream.learning.loop import refit_now
from ..stream.learning.refit import TooFewError
from ..stream.learning.versions import Version, VersionError, Versions
from ..stream.review.faults import UnavailableError
from ..stream.review.store import Reviews
from ..stream.store import Store
from .options import Failure, failure, settings_from, settings_options

_output = click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder of all sessions."
)


@click.group()
def command() -> None:
    """Learn from what reviewers decided; adopt only what is better on reviews held back."""


@command.command()
@_output
def status(output: Path | None) -> None:
    """List the versions and which one is in force."""
    versions = _versions(output)
    try:
        found, active = versions.all(), versions.active
    except VersionError as error:
        raise Failure(str(error)) from error
    for version in found:
        click.echo(f"{_line(version)}{', in force' if version.version == active else ''}")
    if active is None:
        click.echo("in force: the model as it came")


@command.command()
@_output
@settings_options
def refit(
    output: Path | None,
    config: Path | None,
    assignments: tuple[str, ...],
    model: str | None,
    provider: str | None,
) -> None:
    """Hear all decided flags again and learn from them; nothing is in force by that."""
    settings = settings_from(
        config,
        assignments,
        {
            "stream.record.output": output,
            "engine.model": model,
            "engine.provider": provider,
        },
    )
    folder = settings.stream.record.output
    try:
        store = Store(folder, settings.stream.record.index_url)
        reviews = Reviews(folder, settings.stream.review)
        try:
            # The index may lie behind the folders, or not be there: no server need have run here.
            store.rebuild()
            version = refit_now(
                reviews.decided(), store.folder, load_engine(settings.engine), settings.stream
            )
        finally:
            reviews.close()
            store.close()
    except (TooFewError, UnavailableError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    click.echo(_line(version))
    for name, figures in version.figures.items():
        click.echo(f"  {name}: {figures}")
    if version.better:
        click.echo(f"put it in force: tonewatch learn adopt {version.version}")


@command.command()
@click.argument("version", type=int)
@_output
def adopt(version: int, output: Path | None) -> None:
    """Put VERSION in force, from the next start on."""
    try:
        found = _versions(output).adopt(version)
    except (VersionError, OSError) as error:
        raise Failure(str(error)) from error
    click.echo(f"{_line(found)}, in force from the next start on")


@command.command()
@_output
def rollback(output: Path | None) -> None:
    """Take the newest adoption back."""
    try:
        active = _versions(output).roll_back()
    except (VersionError, OSError) as error:
        raise Failure(str(error)) from error
    now = "the model as it came" if active is None else f"version {active}"
    click.echo(f"in force from the next start on: {now}")


def _versions(output: Path | None) -> Versions:
    options: dict[str, Any] = {"stream.record.output": output}
    return Versions(settings_from(None, (), options).stream.record.output)


def _line(version: Version) -> str:
    figures = version.figures
    verdict = "better" if version.better else "not better"
    return (
        f"version {version.version} ({version.created_at}, {version.model}): {verdict} on "
        f"{figures['held_back']} flags held back, learned from {figures['learned_from']}"
    )
