"""`tonewatch train`: a compact model from labelled clips."""

from pathlib import Path
from typing import Literal

import click

from .options import Failure

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--manifest", type=_FILE, required=True, help="CSV: path, corpus, speaker, label, ..."
)
@click.option("--encoder", type=_FILE, required=True, help="CTranslate2 file of Whisper tiny.en.")
@click.option("--encoder-sha256", default="", help="Refuse any other file.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The model folder.")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Features; a run is resumed from it."
)
@click.option("--noise", type=click.Path(path_type=Path, exists=True), help="Noise recordings.")
@click.option("--noise-without", multiple=True, help="Sub-folder of --noise to leave out.")
@click.option("--commercial", multiple=True, help="Corpus whose licence allows commercial use.")
@click.option(
    "--form",
    type=click.Choice(["windowed", "streaming"]),
    default="windowed",
    show_default=True,
    help="Read whole windows, or only new sound: a tenth of the cost in a live call.",
)
@click.option("--name", default="compact", show_default=True)
@click.option("--version", default="1", show_default=True)
@click.option("--penalty", default=3e-3, show_default=True, help="L2 strength of the head.")
@click.option(
    "--ablate", is_flag=True, help="No model: a table of what each augmentation is worth."
)
@click.option("--threads", default=0, help="Threads of torch.  [default: all cores]")
def command(
    manifest: Path,
    encoder: Path,
    encoder_sha256: str,
    output: Path,
    cache: Path | None,
    noise: Path | None,
    noise_without: tuple[str, ...],
    commercial: tuple[str, ...],
    form: Literal["windowed", "streaming"],
    name: str,
    version: str,
    penalty: float,
    ablate: bool,
    threads: int,
) -> None:
    """Train the compact network on labelled clips, a site's own or a corpus.

    Cross-validates over speakers and corpora, fits a head on frozen frames of Whisper's low layers,
    calibrates it on held-out speakers and writes a model folder: graph, model.json, README.md.
    Needs the extra `train` (pip install 'tonewatch[train]').
    """
    try:
        import torch

        from ..models.training.train import Training, train, try_augmentations
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[train]'") from error
    from ..models.training.corpus import CorpusError
    from ..models.training.ct2 import CheckpointError

    if threads:
        torch.set_num_threads(threads)
    job = Training(
        manifest=manifest,
        encoder=encoder,
        encoder_sha256=encoder_sha256,
        output=output,
        cache=cache or output.with_name(f"{output.name}.cache"),
        noise=noise,
        noise_without=noise_without,
        commercial=commercial,
        form=form,
        name=name,
        version=version,
        penalty=penalty,
    )
    try:
        if ablate:
            click.echo(try_augmentations(job, lambda line: click.echo(line, err=True)))
            return
        folder = train(job, lambda line: click.echo(line, err=True))
    except (CorpusError, CheckpointError) as error:
        raise Failure(str(error)) from error
    click.echo(f"{folder} is ready: tonewatch serve --model {folder}")
