"""`tonewatch analyze`: recordings into session folders."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..models.engine import Engine, EngineError
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from ..settings import Settings
from ..stream.learning.versions import learned
from ..stream.listener.gate import Vad
from ..stream.offline import AnalyzeResult, Tools, analyze
from ..stream.sources.reading import RecordingError, recordings_in
from .options import Failure, check_output, failure, settings_from, settings_options


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(file_okay=False), help="Folder of all session folders.")
@click.option("--legs", help="Names of the channels, e.g. customer,agent. Only customer is scored.")
@click.option("--name", help="Prefix of the sessions' names.")
@click.option("--context", default="", help="What is known of the calls, in words.")
@click.option("--profile", help="Scene profile, e.g. medical.")
@click.option("--plot/--no-plot", default=True, help="Leave curves.png in each session folder.")
@click.option("--embedding", is_flag=True, default=None, help="Keep embedding.npy (sensitive).")
@settings_options
def command(
    files: Sequence[Path],
    output: str | None,
    legs: str | None,
    name: str | None,
    context: str,
    profile: str | None,
    plot: bool,
    embedding: bool | None,
    config: Path | None,
    assignments: tuple[str, ...],
    model: str | None,
    provider: str | None,
) -> None:
    """Analyse recordings (files, or folders of them) into session folders.

    A mono recording counts as one customer; a stereo one as customer left, agent right, unless
    --legs says otherwise. Each recording gets a folder with what the model heard, all scores over
    time, the fear/disgust episodes, result.json and a picture.

    Exit code 0: all analysed; 1: some could not be; 2: the command itself was wrong.
    """
    settings = settings_from(
        config,
        assignments,
        {
            "stream.record.output": output,
            "stream.record.embedding": embedding,
            "stream.decision.profile": profile,
            "engine.model": model,
            "engine.provider": provider,
        },
    )
    try:
        recordings = recordings_in(files)
    except RecordingError as error:
        raise Failure(str(error)) from error
    check_output(settings.stream.record.output)
    results, failed = _run(recordings, _tools(settings), legs, name, context, plot=plot)
    if results:
        Console().print(_summary(results))
    for line in failed:
        click.echo(f"tonewatch: {line}", err=True)
    sys.exit(1 if failed else 0)


def _tools(settings: Settings) -> Tools:
    try:
        # Each core reads windows of its own: side by side they give the same numbers sooner.
        engine, *helpers = _engines(settings)
        stream = learned(settings.stream, engine.manifest)
    except (EngineError, ManifestError) as error:
        raise failure(error) from error
    facts = engine.manifest
    click.echo(f"model {facts.name} {facts.version} on {engine.provider}", err=True)
    if not facts.licence.commercial_use:
        click.echo(facts.licence.notice, err=True)
    return Tools(
        engine=engine,
        vad=Vad(),
        settings=stream,
        helpers=tuple(helpers),
        batch=settings.engine.batch,
    )


def _engines(settings: Settings) -> list[Engine]:
    """One for each core; one alone where an engine remembers what it has heard."""
    first = load_engine(settings.engine)
    if first.manifest.streaming is not None:
        return [first]
    return [first, *(load_engine(settings.engine) for _ in range(1, os.cpu_count() or 1))]


def _run(
    recordings: Sequence[Path],
    tools: Tools,
    legs: str | None,
    name: str | None,
    context: str,
    *,
    plot: bool,
) -> tuple[list[AnalyzeResult], list[str]]:
    """Analyse one after the other; what fails is told and does not stop the rest."""
    results, failed = [], []
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[clock]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bars:
        for path in recordings:
            bar = bars.add_task(path.name, total=None, clock="")

            def tell(done: float, total: float, bar: object = bar) -> None:
                clock = f"{_clock(done)} of {_clock(total)}"
                bars.update(bar, completed=done, total=total, clock=clock)  # type: ignore[arg-type]  # rich's TaskID

            try:
                result = analyze(
                    path,
                    tools,
                    legs=legs.split(",") if legs else None,
                    name=f"{name}_{path.stem}" if name else None,
                    context=context,
                    progress=tell,
                )
                if plot:
                    failed += _picture(result)
                results.append(result)
            except (RecordingError, EngineError, OSError) as error:
                bars.update(bar, clock="failed")
                failed.append(_words(path, error))
    return results, failed


def _words(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        place = error.filename or "the output folder"
        return f"{path.name}: cannot write to {place}: {error.strerror or error}"
    return str(error)


def _picture(result: AnalyzeResult) -> list[str]:
    from ..stream.picture import PictureError, draw

    try:
        draw(result.folder, result.folder / "curves.png")
    except PictureError as error:
        return [str(error)]
    return []


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _summary(results: Sequence[AnalyzeResult]) -> Table:
    table = Table("recording", "length", "emotion", "confidence", "flags")
    table.add_column("folder", overflow="fold")
    for result in results:
        content = result.result
        table.add_row(
            escape(result.recording.name),
            _clock(content["duration_s"]),
            content["emotion"],
            f"{100 * content['confidence']:.0f} %",
            str(len(content["episodes"])),
            escape(str(result.folder)),
        )
    return table
