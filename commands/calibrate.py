"""`tonewatch calibrate`: fit the display temperature of any model."""

from pathlib import Path

import click

from ..models.engine import EngineError
from ..models.evaluation.calibrate import calibrate_on, keep
from ..models.manifest import ManifestError
from ..models.registry import find, load_engine
from ..models.training.corpus import CorpusError, read_manifest
from .options import failure, settings_from


@click.command()
@click.argument("model")
@click.argument("manifest", type=click.Path(path_type=Path, exists=True))
@click.option("--every", default=1, show_default=True, help="Take every n-th clip: a quick look.")
@click.option("--dry-run", is_flag=True, help="Say the temperature, keep nothing.")
def command(model: str, manifest: Path, every: int, dry_run: bool) -> None:
    """Fit the display temperature of MODEL on the labelled clips of MANIFEST (CSV: path, corpus,
    speaker, label) and keep it in the model's folder.

    A temperature changes how sure scores look, never which label leads. The clips must be of
    speakers that the model has not learned from.
    """
    settings = settings_from(None, (), {"engine.model": model}).engine
    try:
        found = find(settings)
        before = found.manifest.calibration.temperature
        calibration = calibrate_on(load_engine(settings), read_manifest(manifest)[::every])
        if not dry_run:
            keep(found.folder, calibration)
    except (CorpusError, EngineError, ManifestError, OSError) as error:
        raise failure(error) from error
    click.echo(
        f"temperature {calibration.temperature:.2f} (was {before:.2f}), calibration error "
        f"{100 * (calibration.ece or 0):.1f} % on speakers left out, from {calibration.fitted_on}"
    )
