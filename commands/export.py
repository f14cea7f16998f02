"""`tonewatch export`: emotion2vec+ as a checked model folder."""

from pathlib import Path

import click

from ..models.registry import models_folder
from .options import Failure, settings_from

NAMES = ("emotion2vec_plus_large", "emotion2vec_plus_base", "emotion2vec_plus_seed")


@click.command()
@click.argument("model")
@click.option("--hub", type=click.Choice(["ms", "hf"]), default="ms", show_default=True,
              help="ModelScope or Hugging Face, where MODEL is a name.")  # fmt: skip
@click.option("--precision", type=click.Choice(["fp32", "int8"]), default="fp32", show_default=True)
@click.option("--models-dir", type=click.Path(path_type=Path), help="Where the folder goes.")
@click.option("--reference/--no-reference", default=True, help="Compare with FunASR itself.")
def command(model: str, hub: str, precision: str, models_dir: Path | None, reference: bool) -> None:
    """Export emotion2vec+ to ONNX, prove it equal, and keep it for `tonewatch serve`.

    MODEL is emotion2vec_plus_large, _base or _seed, fetched through FunASR where it is not there
    yet, or a folder with model.pt, config.yaml, configuration.json and tokens.txt. Needs the extra
    `export` (pip install 'tonewatch[export]').
    """
    settings = settings_from(None, (), {"engine.models_dir": models_dir})
    try:
        from ..onnx_export.emotion2vec.export import Export, export
        from ..onnx_export.emotion2vec.fetch import fetch
        from ..onnx_export.errors import ExportError
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[export]'") from error

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        if not Path(model).is_dir() and model not in NAMES:
            raise ExportError(f"{model}: neither a folder nor one of {', '.join(NAMES)}")
        source = (
            Path(model)
            if Path(model).is_dir()
            else fetch(model, "hf" if hub == "hf" else "ms", say)
        )
        folder = export(
            Export(
                source=source,
                target=models_folder(settings.engine),
                name=model if model in NAMES else None,
                precision="int8" if precision == "int8" else "fp32",
                reference=reference,
            ),
            say,
        )
    except (ExportError, OSError) as error:
        raise Failure(str(error)) from error
    click.echo(f"{folder} is ready: tonewatch serve --model {folder.name}")
