"""`tonewatch models`: what can be loaded."""

import click
from rich.console import Console
from rich.table import Column, Table

from ..models.manifest import Manifest
from ..models.registry import WAY_UP, available, models_folder
from .options import settings_from


def _licence(manifest: Manifest) -> str:
    use = "commercial use allowed" if manifest.licence.commercial_use else "no commercial use"
    return f"{manifest.licence.name} ({use})"


@click.command()
@click.option("--models-dir", type=click.Path(file_okay=False), help="Folder of further models.")
def command(models_dir: str | None) -> None:
    """List the models that can be loaded, and what each may be used for."""
    settings = settings_from(None, (), {"engine.models_dir": models_dir}).engine
    models = available(settings)
    table = Table(
        Column("model", no_wrap=True),
        "version",
        "labels",
        "window",
        "precision",
        "checks",
        "licence",
    )
    for model in models:
        facts = model.manifest
        table.add_row(
            facts.name,
            facts.version,
            f"{len(facts.known)} of {len(facts.labels)}",
            f"{facts.window_samples / facts.sample_rate:g} s",
            facts.precision,
            "passed" if model.checked else "FAILED",
            _licence(facts),
        )
    console = Console()
    console.print(table)
    for facts in (model.manifest for model in models):
        if not facts.decides_rivals:
            missing = " and ".join({"fearful", "disgusted"} - set(facts.known))
            console.print(f"{facts.name} does not know {missing}: fear/disgust decision off")
    console.print(f"Further models belong into {models_folder(settings)}; get one by: {WAY_UP}")
