"""`tonewatch devices`: which microphones there are."""

import click
from rich.console import Console
from rich.table import Table

from .options import Failure


@click.command()
def command() -> None:
    """List the microphones of this machine; choose one with `tonewatch serve --device`."""
    from ..stream.sources.devices import DeviceError, devices

    try:
        found = devices()
    except DeviceError as error:
        raise Failure(str(error)) from error
    if not found:
        click.echo("this machine has no microphone; the page can use the browser's")
        return
    table = Table("index", "name", "channels", "rate", "default")
    for device in found:
        table.add_row(
            str(device.index),
            device.name,
            str(device.channels),
            f"{device.rate:g} Hz",
            "yes" if device.default else "",
        )
    Console().print(table)
