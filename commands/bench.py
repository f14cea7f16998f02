"""`tonewatch bench`: latency, capacity and speed, told so that they can be measured again."""

import json
import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ..models.engine import EngineError
from ..models.manifest import ManifestError
from ..models.training.corpus import CorpusError
from ..stream.picture import PictureError
from .options import Failure, failure


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Measure latency, capacity and speed on this machine.

    Without a subcommand: `live` with 20 sessions, then `offline`. Every run prints the machine, the
    date and the command; --json keeps the raw numbers. Senders and viewer run on the same machine
    as the server and take their share of it.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(live)
        ctx.invoke(offline)


@command.command()
@click.option("--sessions", default=20, show_default=True, help="Live sessions at once.")
@click.option("--seconds", default=60.0, show_default=True, help="Length of the measurement.")
@click.option("--minutes", type=float, help="The same in minutes; 20 show whether memory is flat.")
@click.option("--processes", default=1, show_default=True, help="Processes of the senders.")
@click.option("--legs", default="customer", show_default=True, help="customer, or customer,agent.")
@click.option("--message-ms", default=20, show_default=True, help="Sound in one message.")
@click.option("--audio", type=click.Path(exists=True, path_type=Path), help="Speech to send.")
@click.option("--model", default="compact-stream", show_default=True, help="Model to serve.")
@click.option("--set", "assignments", multiple=True, help="Settings of the server.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def live(
    sessions: int,
    seconds: float,
    minutes: float | None,
    processes: int,
    legs: str,
    message_ms: int,
    audio: Path | None,
    model: str,
    assignments: tuple[str, ...],
    target: Path | None,
) -> None:
    """Real-time sessions over sockets: latency as a viewer measures it, memory, processor time."""
    from .bench_live import LiveBench, run_live

    bench = LiveBench(
        sessions=sessions,
        seconds=seconds if minutes is None else minutes * 60,
        processes=processes,
        legs=tuple(legs.split(",")),
        message_ms=message_ms,
        audio=audio,
        model=model,
        assignments=assignments,
    )
    _report("live", run_live(bench, progress=_say), target)


@command.command()
@click.option("--minutes", default=30.0, show_default=True, help="Length of the recording.")
@click.option("--audio", type=click.Path(exists=True, path_type=Path), help="Speech to repeat.")
@click.option("--model", default="compact-stream", show_default=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def offline(minutes: float, audio: Path | None, model: str, target: Path | None) -> None:
    """`tonewatch analyze` on one long recording: seconds of work, and memory."""
    from .bench_offline import run_offline

    _report("offline", run_offline(minutes, audio, model, progress=_say), target)


@command.command()
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--model", default="compact-stream", show_default=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def hops(recordings: tuple[Path, ...], model: str, target: Path | None) -> None:
    """Share of flags that hops of 240 and 480 ms agree on, within 0.3 s."""
    from ..stream.sources.reading import recordings_in
    from .bench_hops import run_hops

    _report("hops", run_hops(recordings_in(recordings), model, (240, 480), progress=_say), target)


@command.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=120, show_default=True, help="Splices to measure.")
@click.option("--model", default="compact-stream", show_default=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def onset(manifest: Path, count: int, model: str, target: Path | None) -> None:
    """Seconds from the onset of an emotion in spliced speech to its curve's crossing."""
    from .bench_onset import run_onset

    _report("onset", run_onset(manifest, model, count, progress=_say), target)


@command.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=200, show_default=True, help="Spans to measure.")
@click.option("--snr", "snr_db", type=float, help="White noise under the clips, dB.")
@click.option("--model", default="compact", show_default=True)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def focus(
    manifest: Path, count: int, snr_db: float | None, model: str, target: Path | None
) -> None:
    """Whether a fresh window around a focus span is more often right than its frames."""
    from .bench_focus import run_focus

    _report("focus", run_focus(manifest, model, count, snr_db=snr_db, progress=_say), target)


@command.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True))
@click.option("--telephone", is_flag=True, help="The same clips through a telephone line.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def evidence(manifest: Path, telephone: bool, target: Path | None) -> None:
    """How often each piece of evidence agrees with the label of labelled speech."""
    from .bench_evidence import run_evidence

    figures = run_evidence(manifest, on_telephone=telephone, progress=_say)
    _report("evidence", figures, target)


@command.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True))
@click.option("--models", required=True, metavar="A,B,..", help="Models: names or folders.")
@click.option("--funasr", type=click.Path(path_type=Path, exists=True), help="Its checkpoint.")
@click.option("--rounds", default=5, show_default=True, help="Times that each window is read.")
@click.option("--call-s", default=60.0, show_default=True, help="Length of the call.")
@click.option("--most-channels", default=512, show_default=True, help="Most calls to try.")
@click.option("--run-s", default=0.0, show_default=True, help="Seconds of the call to read really.")
@click.option("--hop-ms", default=480, show_default=True, help="Hop of the policies' call.")
@click.option("--picture", type=click.Path(path_type=Path), help="PNG of cost and latency.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Keep raw numbers here.")
def models(
    manifest: Path,
    models: str,
    funasr: Path | None,
    rounds: int,
    call_s: float,
    most_channels: int,
    run_s: float,
    hop_ms: int,
    picture: Path | None,
    target: Path | None,
) -> None:
    """Cost of a window, of a call and of many calls, model beside model in one run.

    The call is assembled from the labelled clips of MANIFEST: two legs, each speaking 45 % of the
    time. With --funasr (extra `export`) FunASR's own generate is measured in the same rounds.
    """
    from .bench_models import ModelsBench, run_models
    from .bench_models_picture import draw_models

    bench = ModelsBench(
        models=tuple(models.split(",")),
        speech=manifest,
        funasr=funasr,
        rounds=rounds,
        call_s=call_s,
        most_channels=most_channels,
        run_s=run_s,
        hop_ms=hop_ms,
    )
    try:
        figures = run_models(bench, progress=_say)
        _report("models", figures, target)
        for name in ("models", "policies", "channels"):
            Console().print(_rows(name, figures[name]))
        if picture is not None:
            draw_models(figures, picture)
    except (CorpusError, EngineError, ManifestError, PictureError, OSError) as error:
        raise failure(error) from error


def _rows(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_cell(one)}" for key, one in value.items())
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [row.split(":")[1] for row in info.read_text().splitlines() if "model name" in row]
        cpu = f"{len(names)} x {names[0].strip()}" if names else cpu
    return f"{cpu}, {platform.system()}, Python {platform.python_version()}"


def _report(title: str, figures: dict[str, Any], target: Path | None) -> None:
    if not figures:
        raise Failure("the bench measured nothing")
    facts = {
        "bench": title,
        "command": shlex.join(["tonewatch", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
    }
    table = Table("figure", "value", title=f"tonewatch bench {title}")
    for name, value in (facts | figures).items():
        if not isinstance(value, list):
            table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps(facts | figures, indent=1))
