"""`tonewatch centres`: where fear and disgust lie among a model's features."""

from pathlib import Path

import click

from ..models.centres import CENTRES_NAME, Centres, CentresError, Method, read_centres
from ..models.engine import Engine, EngineError
from ..models.manifest import ManifestError
from ..models.registry import find, load_engine
from .options import Failure, failure, settings_from

_PATH = click.Path(path_type=Path, exists=True)


@click.group()
def command() -> None:
    """Fit, show or test the centres that help to name fear or disgust where it is close."""


@command.command()
@click.argument("model")
@click.argument("manifest", type=_PATH)
@click.option("--output", type=click.Path(path_type=Path), help="File.  [default: in the model]")
@click.option(
    "--method", type=click.Choice(["means", "kmeans"]), default="means", show_default=True
)
@click.option("--version", default="1", show_default=True, help="Told with every tie-break.")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep what was read of the clips.")
def fit(
    model: str,
    manifest: Path,
    output: Path | None,
    method: Method,
    version: str,
    cache: Path | None,
) -> None:
    """Fit centres of MODEL from the labelled clips of MANIFEST (CSV: path, corpus, speaker, label).

    Corpora that have both fear and disgust count, clean and by telephone, all alike.
    """
    from ..models.evaluation.embeddings import embed
    from ..models.evaluation.folds import centres_of, with_both
    from ..models.training.corpus import CorpusError, read_manifest

    try:
        engine = _engine(model)
        clips = read_manifest(manifest)
        corpora = with_both(clips)
        clips = [clip for clip in clips if clip.corpus in corpora]
        embedded = embed(engine, clips, lambda line: click.echo(line, err=True), cache)
        centres = centres_of(clips, embedded, engine.manifest, version, method=method)
        target = output or _own(engine) / CENTRES_NAME
        centres.save(target)
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    click.echo(f"{target}: {_line(centres)}")


@command.command()
@click.argument("file", type=_PATH)
def show(file: Path) -> None:
    """Show what a centres file is, and of which model; FILE may be a model folder."""
    try:
        centres = read_centres(file / CENTRES_NAME if file.is_dir() else file)
    except CentresError as error:
        raise Failure(str(error)) from error
    click.echo(_line(centres))
    click.echo(f"fitted on: {centres.fitted_on}")
    for name, value in centres.figures.items():
        click.echo(f"{name}: {value}")


@command.command()
@click.argument("model")
@click.argument("manifest", type=_PATH)
@click.option("--centres", "file", type=_PATH, help="Centres file.  [default: the model's own]")
@click.option("--cache", type=click.Path(path_type=Path), help="Keep what was read of the clips.")
def test(model: str, manifest: Path, file: Path | None, cache: Path | None) -> None:
    """Test centres on labelled clips, those of MANIFEST: share that they name rightly.

    Only speakers that the centres were not fitted on say anything; for a fair figure of the
    shipped ones see `tonewatch evaluate --fear-disgust`, which fits them anew.
    """
    from ..models.centres import compass_for
    from ..models.evaluation.embeddings import COPIES, embed
    from ..models.evaluation.folds import targets_of
    from ..models.labels import FEARFUL
    from ..models.training.corpus import CorpusError, read_manifest

    try:
        engine = _engine(model)
        compass = compass_for(engine.manifest, file)
        if compass is None:
            raise CentresError(f"model {model} has no centres: tonewatch centres fit {model} CLIPS")
        clips = [c for c in read_manifest(manifest) if c.label in ("fearful", "disgusted")]
        if not clips:
            raise CorpusError(f"{manifest}: no clip of fear or disgust")
        embedded = embed(engine, clips, lambda line: click.echo(line, err=True), cache)
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    truth = targets_of(clips) == FEARFUL
    for copy, features in zip(COPIES, embedded.features, strict=True):
        right = (compass.fear_share(compass.place(features)) > 0.5) == truth
        click.echo(f"{copy}: {100 * right.mean():.1f} % of {len(clips)} clips named rightly")


def _engine(model: str) -> Engine:
    """The engine of a model whose own centres may be out of date: it is about to get others."""
    return load_engine(settings_from(None, (), {"engine.model": model}).engine)


def _own(engine: Engine) -> Path:
    folder = engine.manifest.folder
    if folder is None:
        return find(settings_from(None, (), {"engine.model": engine.manifest.name}).engine).folder
    return folder


def _line(centres: Centres) -> str:
    return (
        f"centres {centres.version} of {centres.model} ({centres.model_sha256[:12]}), "
        f"{centres.method}, {len(centres.fear)} of each emotion"
    )
