"""`tonewatch export`: emotion2vec+ as checked model folders."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..models.engine import EngineError
from ..models.manifest import MANIFEST_NAME, Calibration, ManifestError
from ..models.registry import Model, find, load_engine, models_folder
from ..settings import Settings
from ..stream.sources.demo import demo_call
from .options import Failure, failure, settings_from

if TYPE_CHECKING:
    from ..onnx_export.emotion2vec.precision import Speech

NAMES = ("emotion2vec_plus_large", "emotion2vec_plus_base", "emotion2vec_plus_seed")
PRECISIONS = ("fp32", "fp16", "bf16", "int8", "int8-static")
_WINDOW = 48_000


@click.command()
@click.argument("model")
@click.option("--hub", type=click.Choice(["ms", "hf"]), default="ms", show_default=True,
              help="ModelScope or Hugging Face, where MODEL is a name.")  # fmt: skip
@click.option("--precision", "precisions", type=click.Choice(PRECISIONS), multiple=True,
              default=("fp32",), show_default=True,
              help="fp16 is for GPUs; int8, int8-static and bf16 (these two on OpenVINO) are for "
                   "CPUs. Repeatable.")  # fmt: skip
@click.option("--speech", type=click.Path(path_type=Path, exists=True),
              help="Recordings on which a lower precision is judged.  [default: the demo call, "
                   "whose voices are synthetic]")  # fmt: skip
@click.option("--models-dir", type=click.Path(path_type=Path), help="Where the folders go.")
@click.option("--reference/--no-reference", default=True, help="Compare with FunASR itself.")
@click.option("--tensorrt", is_flag=True,
              help="Build TensorRT's engine for this machine's GPU: of MODEL as it was exported, "
                   "else of the export.")  # fmt: skip
def command(
    model: str,
    hub: str,
    precisions: tuple[str, ...],
    speech: Path | None,
    models_dir: Path | None,
    reference: bool,
    tensorrt: bool,
) -> None:
    """Export emotion2vec+ to ONNX, prove it equal, and keep it for `tonewatch serve`.

    MODEL is emotion2vec_plus_large, _base or _seed, fetched through FunASR where it is not there
    yet, or a folder with model.pt, config.yaml, configuration.json and tokens.txt. Needs the extra
    `export` (pip install 'tonewatch[export]').
    """
    settings = settings_from(None, (), {"engine.models_dir": models_dir})
    try:
        exported = _exported(model, settings) if tensorrt else None
        with _stopped_by_sigterm():
            folders = [exported] if exported else _export(
                model, hub, precisions, speech, settings, reference
            )  # fmt: skip
        if tensorrt:
            _build_engines(folders, settings)
    except (EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    failed = [folder for folder in folders if not Model.at(folder).checked]
    for folder in folders:
        if folder not in failed:
            _tell_ready(folder, settings)
    if failed:
        names = ", ".join(folder.name for folder in failed)
        raise Failure(f"{names} failed checks and will be loaded by --force alone")


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM stops like Ctrl-C, so that nothing half-written is left."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_ready(folder: Path, settings: Settings) -> None:
    """Load the model once as it will be served, and say how that is done.

    What a runtime compiles when it first loads a graph, it then has.
    """
    named = settings.engine.model_copy(update={"model": str(folder)})
    begun = time.monotonic()
    try:
        engine = load_engine(named)
    except (EngineError, ManifestError) as error:
        raise Failure(f"{folder} was exported but is not served here: {error}") from error
    took = time.monotonic() - begun
    home = models_folder(settings_from(None, (), {}).engine)
    name = folder.name if folder.parent == home else folder
    click.echo(
        f"{folder} is ready (loaded in {took:.1f} s, {engine.provider}): "
        f"tonewatch serve --model {name}"
    )
    if engine.manifest.calibration.fitted_on == Calibration().fitted_on:
        click.echo(f"its scores are sharper than true until: tonewatch calibrate {name} CLIPS.csv")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _exported(model: str, settings: Settings) -> Path | None:
    """The model folder that MODEL already is, or already has."""
    if (Path(model) / MANIFEST_NAME).is_file():
        return Path(model)
    if Path(model).is_dir():
        return None
    home = models_folder(settings.engine)
    named = settings.engine.model_copy(update={"model": model})
    return find(named).folder if (home / model / MANIFEST_NAME).is_file() else None


def _export(
    model: str,
    hub: str,
    precisions: tuple[str, ...],
    speech: Path | None,
    settings: Settings,
    reference: bool,
) -> list[Path]:
    try:
        from ..onnx_export.emotion2vec.export import Export, export
        from ..onnx_export.emotion2vec.fetch import fetch
        from ..onnx_export.emotion2vec.precision import PRECISIONS as KNOWN
        from ..onnx_export.errors import ExportError
    except ImportError as error:
        raise Failure(f"{error}: pip install 'tonewatch[export]'") from error
    try:
        if not Path(model).is_dir() and model not in NAMES:
            raise ExportError(f"{model}: neither a folder nor one of {', '.join(NAMES)}")
        lower = any(precision != "fp32" for precision in precisions)
        windows = _speech(speech) if lower else None
        source = (
            Path(model)
            if Path(model).is_dir()
            else fetch(model, "hf" if hub == "hf" else "ms", _say)
        )
        job = Export(
            source=source,
            target=models_folder(settings.engine),
            name=model if model in NAMES else None,
            precisions=tuple(known for known in KNOWN if known in precisions),
            reference=reference,
            **({"speech": windows} if windows else {}),
        )
        return export(job, _say)
    except ExportError as error:
        raise Failure(str(error)) from error


def _speech(source: Path | None) -> "Speech":
    from ..onnx_export.emotion2vec.precision import Speech
    from ..onnx_export.speech import speech_windows

    if source is None:
        name = "the demo call (synthetic voices)"
        return Speech(windows=speech_windows(demo_call(), samples=_WINDOW), name=name)
    return Speech(windows=speech_windows(source, samples=_WINDOW), name=f"speech ({source.name})")


def _build_engines(folders: list[Path], settings: Settings) -> None:
    from ..onnx_export.errors import ExportError
    from ..onnx_export.tensorrt import build_engine

    try:
        for folder in folders:
            build_engine(folder, batch=settings.engine.batch, say=_say)
    except ExportError as error:
        raise Failure(str(error)) from error
