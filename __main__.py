"""The front door: the command line. Each command is imported only when it runs."""

import importlib
from typing import Final

import click

from . import __version__

COMMANDS: Final = {
    "serve": "Serve the monitor: live calls, curves and flags in the browser.",
    "analyze": "Analyse recordings into session folders, with a table and pictures.",
    "devices": "List the microphones of this machine.",
    "compare": "Show two models on the same recording: a table and a picture.",
    "models": "List the models that can be loaded, and what each may be used for.",
    "train": "Train the compact model on labelled clips, a site's own or a corpus.",
    "evaluate": "Judge a model on labelled clips of speakers it has not heard.",
    "centres": "Fit, show or test the centres that help to name fear or disgust.",
    "learn": "Learn from reviews: refit, adopt what is better, roll back.",
    "calibrate": "Fit the display temperature of any model on labelled clips.",
    "export": "Export emotion2vec+ to a checked ONNX model folder.",
    "bench": "Measure latency, capacity and speed on this machine.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".commands.{cmd_name}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Help comes from the table: importing every command would make it slow.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `tonewatch serve`, then open http://127.0.0.1:7860 and play the demo call.",
)
@click.version_option(__version__, prog_name="tonewatch")
def main() -> None:
    """Tonewatch: a real-time emotion monitor for live calls.

    Nine emotion curves for every call, moments where fear and disgust cannot be told apart flagged
    for a person, every session on disk. It advises; people decide.
    """


if __name__ == "__main__":
    main(prog_name="tonewatch")
