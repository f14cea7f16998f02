"""`tonewatch train`: a compact model from labelled clips."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ..models.engine import Engine, EngineError
from ..models.manifest import ManifestError
from ..models.registry import load_engine
from .learning import learning_of, learning_options
from .options import Failure, failure, settings_from

if TYPE_CHECKING:
    from ..models.training.joined import Part

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--manifest", type=_FILE, help="CSV: path, corpus, speaker, label, ...")
@click.option(
    "--layout",
    multiple=True,
    metavar="CORPUS=FOLDER",
    help="Instead: a corpus as its publisher lays it out. Repeatable.",
)
@click.option(
    "--encoder",
    type=_FILE,
    multiple=True,
    help="CTranslate2 file of Whisper, tiny.en or a larger one. Repeatable: read side by side.",
)
@click.option(
    "--encoder-sha256", multiple=True, help="Refuse any other file; one for each --encoder."
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The model folder.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Features; a run is resumed from it."
)
@click.option("--noise", type=click.Path(path_type=Path, exists=True), help="Noise recordings.")
@click.option("--noise-without", multiple=True, help="Sub-folder of --noise to leave out.")
@click.option("--commercial", multiple=True, help="Corpus whose licence allows commercial use.")
@click.option("--free", is_flag=True, help="Only data that allow commercial use of the weights.")
@learning_options
@click.option(
    "--layers",
    multiple=True,
    metavar="N[+N...]",
    help="Layers of Whisper that are read, those above them cut off; one for each --encoder."
    "  [default: 2]",
)
@click.option(
    "--form",
    type=click.Choice(["windowed", "streaming", "unrolled"]),
    default="windowed",
    show_default=True,
    help="Read whole windows, or only new sound: a tenth of the cost in a live call. Unrolled: the "
    "streaming network over whole windows, from the same cache.",
)
@click.option(
    "--tune/--no-tune",
    default=False,
    show_default=True,
    help="Streaming network: let its body learn the labels, too, or only a head on it.",
)
@click.option(
    "--tune-steps", default=2500, show_default=True, help="Of each fold, and of all clips."
)
@click.option("--name", default="compact", show_default=True)
@click.option("--version", default="1", show_default=True)
@click.option(
    "--calibrate",
    type=click.Choice(["held-out", "strangers"]),
    default="held-out",
    show_default=True,
    help="How sure the model may be: as speakers and corpora held out allow or, for voices unlike "
    "all that it learned from, as single voices' heads on others over the worst line.",
)
@click.option("--penalty", default=3e-3, show_default=True, help="L2 strength of the head.")
@click.option(
    "--ablate", is_flag=True, help="No model: a table of what each augmentation is worth."
)
@click.option("--every", default=1, show_default=True, help="With --ablate: take every n-th clip.")
@click.option("--threads", default=0, help="Threads of torch.  [default: all cores]")
def command(
    manifest: Path | None,
    layout: tuple[str, ...],
    encoder: tuple[Path, ...],
    encoder_sha256: tuple[str, ...],
    output: Path,
    cache: Path | None,
    noise: Path | None,
    noise_without: tuple[str, ...],
    commercial: tuple[str, ...],
    free: bool,
    architecture: Literal["head", "whisper", "bilstm"],
    teacher: str | None,
    layers: tuple[str, ...],
    form: Literal["windowed", "streaming", "unrolled"],
    tune: bool,
    tune_steps: int,
    name: str,
    version: str,
    calibrate: Literal["held-out", "strangers"],
    penalty: float,
    ablate: bool,
    every: int,
    threads: int,
    **words: Any,
) -> None:
    """Train a network on labelled clips, a site's own or a corpus, to a model folder.

    By default a head on frozen frames of Whisper's low layers, cross-validated over speakers and
    corpora and calibrated on held-out speakers, in minutes. With --architecture whole networks,
    and with --teacher from any engine. docs/training.md tells the story.
    Needs the extra `train` (pip install 'tonewatch[train]').
    """
    try:
        import torch

        from ..models.training.learn import learn
        from ..models.training.train import Training, train, try_augmentations
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[train]'") from error

    from ..models.training.corpus import CorpusError
    from ..models.training.ct2 import CheckpointError
    from ..models.training.fitting import FittingError
    from ..models.training.tuning import Tuning
    from ..models.training.variants import VariantError

    errors = (CorpusError, CheckpointError, FittingError, VariantError)
    if threads:
        torch.set_num_threads(threads)

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        job = Training(
            manifest=_manifest(manifest, layout, output),
            encoders=_parts(encoder, encoder_sha256, layers),
            output=output,
            cache=cache or output.with_name(f"{output.name}.cache"),
            noise=noise,
            noise_without=noise_without,
            commercial=commercial,
            free=free,
            form=form,
            tuning=Tuning(steps=tune_steps) if tune else None,
            name=name,
            version=version,
            half=_half(architecture, words["precision"]),
            penalty=penalty,
            every=every,
            strangers=calibrate == "strangers",
            augment=words["augment"],
        )
        if ablate:
            click.echo(try_augmentations(job, say))
            return
        folder: Path | None
        if architecture == "head":
            folder = train(job, say)
        else:
            folder = learn(job, learning_of(architecture, words), say, _teacher(teacher))
    except (*errors, EngineError, ManifestError) as error:
        raise failure(error) from error
    if folder is not None:
        click.echo(f"{folder} is ready: tonewatch serve --model {folder}")


def _parts(
    encoders: tuple[Path, ...], digests: tuple[str, ...], layers: tuple[str, ...]
) -> "tuple[Part, ...]":
    """The encoder files, each with its digest and its layers."""
    from ..models.training.joined import Part

    for option, given in (("--encoder-sha256", digests), ("--layers", layers)):
        if given and len(given) != len(encoders):
            raise click.UsageError(f"{option}: give one for each --encoder, in the same order")
    for text in layers:
        if not all(number.isdecimal() for number in text.split("+")):
            raise click.UsageError(f"--layers {text}: expected a number, or several as in 2+3+4")
    count = len(encoders)
    return tuple(
        Part(path=path, sha256=digest, layers=tuple(map(int, text.split("+"))))
        for path, digest, text in zip(
            encoders, digests or ("",) * count, layers or ("2",) * count, strict=True
        )
    )


def _half(architecture: str, precision: str) -> bool:
    """Whether frozen features are computed in bfloat16."""
    if architecture == "head" and precision == "fp16":
        raise click.UsageError("--precision fp16 is for whole networks on GPUs: take bf16")
    return bool(precision == "bf16")


def _teacher(name: str | None) -> Engine | None:
    return load_engine(settings_from(None, (), {"engine.model": name}).engine) if name else None


def _manifest(manifest: Path | None, layout: tuple[str, ...], output: Path) -> Path:
    """The manifest given, or one made of corpora in their publishers' layouts."""
    from ..models.training.layouts import read_layout, write_manifest

    if (manifest is None) == (not layout):
        raise click.UsageError("give either --manifest CSV or --layout CORPUS=FOLDER")
    if manifest is not None:
        return manifest
    clips = []
    for one in layout:
        corpus, equals, folder = one.partition("=")
        if not equals:
            raise click.UsageError(f"--layout {one}: expected CORPUS=FOLDER")
        clips += read_layout(corpus, Path(folder))
    output.mkdir(parents=True, exist_ok=True)
    path = output.with_name(f"{output.name}.csv")
    write_manifest(clips, path)
    return path
