"""`tonewatch compare`: two models on the same recording."""

import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ..models.engine import EngineError
from ..models.labels import LABELS
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from ..stream.compare import Comparison, Curves, compare, draw, read_curves
from ..stream.listener.gate import Vad
from ..stream.offline import Tools, analyze
from ..stream.picture import PictureError
from ..stream.record.files import FolderError
from ..stream.sources.reading import RecordingError
from .options import failure, settings_from


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--models", required=True, metavar="A,B", help="Two models: names or folders.")
@click.option("--legs", help="Names of the channels, e.g. customer,agent. Only customer is scored.")
@click.option("--output", type=click.Path(path_type=Path), help="Keep both session folders here.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PNG of both curves.  [default: compare_FILE.png]",
)
@click.option("--plot/--no-plot", default=True, help="Leave the picture.")
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="Setting.")
def command(
    file: Path,
    models: str,
    legs: str | None,
    output: Path | None,
    picture: Path | None,
    plot: bool,
    assignments: tuple[str, ...],
) -> None:
    """Show two models on the same recording: a table, and a picture of both curves.

    Says how the models differ, not which one is right: that needs labelled speech
    (tonewatch evaluate).
    """
    names = [name.strip() for name in models.split(",")]
    if len(names) != 2 or not all(names):
        raise click.UsageError(f"--models: expected two names such as compact,base, got {models!r}")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            home = output or Path(scratch)
            first, second = (_curves(file, name, legs, home, assignments) for name in names)
        Console().print(_table(first, second, compare(first, second)))
        if plot:
            target = picture or Path(f"compare_{file.stem}.png")
            click.echo(f"picture in {draw(first, second, target)}")
    except (
        EngineError,
        ManifestError,
        RecordingError,
        FolderError,
        PictureError,
        OSError,
    ) as error:
        raise failure(error) from error


def _curves(
    file: Path, model: str, legs: str | None, home: Path, assignments: tuple[str, ...]
) -> Curves:
    settings = settings_from(
        None, assignments, {"engine.model": model, "stream.record.output": str(home)}
    )
    engine = load_engine(settings.engine)
    tools = Tools(engine=engine, vad=Vad(), settings=settings.stream, batch=settings.engine.batch)
    label = f"{engine.manifest.name} {engine.manifest.version}"
    done = analyze(
        file,
        tools,
        legs=legs.split(",") if legs else None,
        name=f"{file.stem}_{engine.manifest.name}",
    )
    return read_curves(done.folder, label, done.result)


def _table(first: Curves, second: Curves, found: Comparison) -> Table:
    table = Table("", first.model, second.model, "difference")
    table.add_row(
        "emotion",
        *(f"{one.emotion} ({100 * one.confidence:.0f} %)" for one in (first, second)),
        "same" if first.emotion == second.emotion else "other",
    )
    table.add_row("flags", *map(str, found.flags), f"{found.shared_flags} at the same moment")
    table.add_row(
        "strongest label",
        "",
        "",
        f"the same in {100 * found.same_top:.0f} % of {found.frames} frames of speech",
    )
    for number, label in enumerate(LABELS):
        table.add_row(
            label,
            *(_mean(one, number) for one in (first, second)),
            f"{100 * found.mean_difference[label]:.1f} points, r {found.correlation[label]:.2f}",
        )
    return table


def _mean(curves: Curves, column: int) -> str:
    spoken = curves.scores[curves.spoken, column]
    read = spoken[~(spoken != spoken)]
    return f"{100 * read.mean():.1f} %" if len(read) else "no reading"
