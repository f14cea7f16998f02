"""`tonewatch serve`: the monitor."""

import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import click

from .. import __version__
from ..dashboard.auth import ServerSettingsError, check_exposure
from ..models.engine import EngineError
from ..models.manifest import ManifestError
from ..models.registry import find, load_engine
from ..models.settings import EngineSettings
from ..settings import Settings
from .options import Failure, check_output, failure, settings_from, settings_options


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port; 0 takes a free one.  [default: 7860]")
@click.option("--output", type=click.Path(file_okay=False), help="Folder of all session folders.")
@click.option("--device", help="Microphone: index or part of its name (tonewatch devices).")
@settings_options
def command(
    host: str | None,
    port: int | None,
    output: str | None,
    device: str | None,
    config: Path | None,
    assignments: tuple[str, ...],
    model: str | None,
    provider: str | None,
) -> None:
    """Serve the monitor: open the page, speak or play the demo call, watch the curves.

    Only this machine can open it, unless --host says otherwise; then a token is needed
    (--set server.token=...), and browsers give their microphone to HTTPS pages only.
    """
    settings = settings_from(
        config,
        assignments,
        {
            "server.host": host,
            "server.port": port,
            "stream.record.output": output,
            "stream.monitor.device": device,
            "engine.model": model,
            "engine.provider": provider,
        },
    )
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        check_exposure(settings.server)
        chosen = find(settings.engine).manifest
        _check_provider(settings.engine)
    except (ServerSettingsError, EngineError, ManifestError) as error:
        raise failure(error) from error
    check_output(settings.stream.record.output)
    with _listen(settings) as listening:
        address = f"http://{_shown(settings.server.host)}:{listening.getsockname()[1]}"
        told = [
            f"Tonewatch {__version__}: {address}",
            f"model {chosen.name} {chosen.version}, sessions in {settings.stream.record.output}",
        ]
        if not chosen.licence.commercial_use:
            told.append(chosen.licence.notice)
        told += _device_trouble(settings.stream.monitor.device)
        # Whoever reads the address can open it.
        _run(settings, listening, lambda: click.echo("\n".join(told)))


def _check_provider(engine: EngineSettings) -> None:
    """A provider demanded by name must load. Raises EngineError."""
    if engine.provider not in ("auto", "cpu") and not engine.fallback:
        # Only loading tells: the libraries of a listed provider may be missing.
        load_engine(engine)


def _device_trouble(device: str | None) -> list[str]:
    """A line where the microphone named by `--device` is not there; it may be plugged in later."""
    from ..stream.sources.devices import DeviceError, devices, find_device

    if device is None:
        return []
    try:
        find_device(device, devices())
    except DeviceError as error:
        return [f"--device {device}: {error}"]
    return []


def _listen(settings: Settings) -> socket.socket:
    """Bind before anything is loaded: a port in use is known at once."""
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # Two processes may bind one port as long as neither listens.
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Failure(f"port {port} is in use; choose another one with --port") from error
        raise Failure(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listening


def _run(settings: Settings, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    from ..dashboard.app import create_app
    from ..dashboard.compose import running
    from ..dashboard.server import make_server

    # uvicorn passes on the signal that stopped it; SIGTERM alone would end the process before the
    # sessions are finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            contextlib.suppress(KeyboardInterrupt),
            running(settings.engine, settings.stream, settings.server) as parts,
        ):
            app = create_app(parts, version=__version__)
            _look_for_cycles_seldom()
            make_server(app, on_ready).run(sockets=[listening])
    except (EngineError, ManifestError, OSError) as error:
        raise failure(error) from error


def _look_for_cycles_seldom() -> None:
    """What is made for each message or reading does not refer to itself. Looking for cycles among
    all of it, and among what is there from the start, stops every thread."""
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
