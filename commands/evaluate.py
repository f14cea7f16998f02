"""`tonewatch evaluate`: how good a model is on labelled clips of speakers it has not heard."""

from pathlib import Path

import click

from ..models.engine import EngineError
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from .options import Failure, settings_from

_PATH = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("model")
@click.argument("manifest", type=_PATH)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the report.")
@click.option("--trained-on", type=_PATH, help="Manifest of the clips that the model learned from.")
@click.option("--allow-seen", is_flag=True, help="Judge seen speakers too; the report says so.")
@click.option("--noise", type=_PATH, help="Folder of noise recordings; white noise without one.")
@click.option("--robustness/--no-robustness", default=True, help="Noise, telephone, level, length.")
@click.option("--every", default=1, show_default=True, help="Take every n-th clip: a quick look.")
def command(
    model: str,
    manifest: Path,
    output: Path | None,
    trained_on: Path | None,
    allow_seen: bool,
    noise: Path | None,
    robustness: bool,
    every: int,
) -> None:
    """Judge MODEL on the labelled clips of MANIFEST (CSV: path, corpus, speaker, label).

    Unweighted average recall with intervals over speakers, confusions, fear against disgust,
    calibration, risk against coverage, and what noise, telephone, level and length cost: as JSON,
    Markdown and pictures. Speakers that the model has learned from are refused by name.
    """
    from ..models.evaluation.evaluate import Evaluation, evaluate
    from ..models.training.corpus import CorpusError

    settings = settings_from(None, (), {"engine.model": model})
    target = output or Path(f"evaluation_{Path(model).name}")
    job = Evaluation(
        manifest=manifest,
        output=target,
        trained_on=trained_on,
        allow_seen=allow_seen,
        noise=noise,
        robustness=robustness,
        every=every,
    )
    try:
        evaluate(load_engine(settings.engine), job, lambda line: click.echo(line, err=True))
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise Failure(str(error)) from error
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[plot]'") from error
    click.echo(f"report in {target / 'evaluation.md'}")
