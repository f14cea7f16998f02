"""`tonewatch evaluate`: how good a model is on labelled clips of speakers it has not heard."""

from pathlib import Path

import click

from ..models.engine import EngineError
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from ..settings import Settings
from .hearing import speech_gate
from .options import Failure, failure, settings_from

_PATH = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("model")
@click.argument("manifest", type=_PATH)
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the report.")
@click.option("--trained-on", type=_PATH, help="Manifest of the clips that the model learned from.")
@click.option("--allow-seen", is_flag=True, help="Judge seen speakers too; the report says so.")
@click.option("--noise", type=_PATH, help="Folder of noise recordings; white noise without one.")
@click.option("--robustness/--no-robustness", default=True, help="Noise, telephone, level, length.")
@click.option(
    "--fear-disgust",
    is_flag=True,
    help="Judge the fear/disgust decision, on speakers held out of head and centres.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Keep what was read of the clips.")
@click.option("--calls/--no-calls", default=True, help="With --fear-disgust: whole calls too.")
@click.option("--joinings", default=3, show_default=True, help="Orders of a speaker's calm clips.")
@click.option("--splices", default=120, show_default=True, help="Recordings with known changes.")
@click.option("--gate", is_flag=True, help="Read what the monitor's speech gate lets through.")
@click.option("--every", default=1, show_default=True, help="Take every n-th clip: a quick look.")
def command(
    model: str,
    manifest: Path,
    output: Path | None,
    trained_on: Path | None,
    allow_seen: bool,
    noise: Path | None,
    robustness: bool,
    splices: int,
    gate: bool,
    every: int,
    fear_disgust: bool,
    cache: Path | None,
    calls: bool,
    joinings: int,
) -> None:
    """Judge MODEL on the labelled clips of MANIFEST (CSV: path, corpus, speaker, label).

    Unweighted average recall with intervals over speakers, confusions, fear against disgust,
    calibration, risk against coverage, how fast a change of emotion is followed, and what noise,
    telephone, level and length cost: as JSON, Markdown and pictures. Speakers that the model has
    learned from are refused by name.

    With --fear-disgust: how well the two are told apart, without and with the centres, what goes
    to review, false flags an hour, spliced emotions. Head and centres are learned anew without
    the speakers that are judged (needs tonewatch[train]); the figures go to fear_disgust.json.
    """
    from ..models.evaluation.evaluate import Evaluation, evaluate
    from ..models.training.corpus import CorpusError

    settings = settings_from(None, (), {"engine.model": model})
    target = output or Path(f"evaluation_{Path(model).name}")
    if fear_disgust:
        _fear_disgust(settings, manifest, target, cache, joinings=joinings if calls else 0)
        return
    job = Evaluation(
        manifest=manifest,
        output=target,
        trained_on=trained_on,
        allow_seen=allow_seen,
        noise=noise,
        robustness=robustness,
        splices=splices,
        every=every,
    )
    try:
        engine = load_engine(settings.engine)
        hears = speech_gate(settings.stream.listener) if gate else None
        evaluate(engine, job, lambda line: click.echo(line, err=True), hears)
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[plot]'") from error
    click.echo(f"report in {target / 'evaluation.md'}")


def _fear_disgust(
    settings: Settings, manifest: Path, output: Path, cache: Path | None, *, joinings: int
) -> None:
    from ..models.training.corpus import CorpusError
    from ..stream.assessment.assess import Assessment, assess

    job = Assessment(manifest=manifest, output=output, cache=cache, joinings=joinings)
    try:
        engine = load_engine(settings.engine)
        assess(engine, job, settings.stream, lambda line: click.echo(line, err=True))
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[train]'") from error
    click.echo(f"figures in {output / 'fear_disgust.json'}")
