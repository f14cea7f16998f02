"""Options of `tonewatch train` for whole networks, and what they mean."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..models.training.learn import Learning

Command = TypeVar("Command", bound=Callable[..., Any])
NAMES = (
    "steps",
    "batch",
    "rate",
    "seed",
    "precision",
    "balance",
    "augment",
    "mixup",
    "teacher_share",
    "unlabelled",
)
"""Words that `learning_of` takes."""


def learning_options(command: Command) -> Command:
    """`--architecture` and all that only a network trained as a whole needs."""
    for option in (
        click.option("--unlabelled", type=click.Path(path_type=Path, exists=True, file_okay=False),
                     help="Folder of recordings for the teacher alone."),
        click.option("--teacher-share", default=1.0, show_default=True,
                     help="Weight of the teacher beside the labels."),
        click.option("--teacher", metavar="ENGINE", help="Model to learn from, name or folder."),
        click.option("--mixup", default=0.0, show_default=True, help="Mix pieces; 0.2 is usual."),
        click.option("--augment", multiple=True, metavar="NAME",
                     help="Augmentation: speed, stretch, volume, gain, noise-any, babble, line, "
                     "packet-loss, reverberation, codec, specaugment, short. Repeatable. For a "
                     "head: a further copy of each clip."),
        click.option("--balance", type=click.Choice(["balanced", "weighted", "none"]),
                     default="balanced", show_default=True,
                     help="Corpora and labels equal, labels alone, or as they come."),
        click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16"]), default="fp32",
                     show_default=True, help="bf16: processors and GPUs; fp16: GPUs alone."),
        click.option("--seed", default=0, show_default=True),
        click.option("--rate", default=1e-3, show_default=True, help="Largest learning rate."),
        click.option("--batch", default=16, show_default=True, help="Pieces, over all processes."),
        click.option("--steps", default=3000, show_default=True),
        click.option("--architecture", type=click.Choice(["head", "whisper", "bilstm"]),
                     default="head", show_default=True,
                     help="head: frozen layers of Whisper, minutes; whisper: these trained on; "
                     "bilstm: the classic baseline. Both start under torchrun as well."),
    ):  # fmt: skip
        command = option(command)
    return command


def learning_of(architecture: Any, words: dict[str, Any]) -> "Learning":
    """The job that the words of the command line describe."""
    from ..models.training.batches import Drawing
    from ..models.training.fitting import Fitting
    from ..models.training.learn import Learning

    return Learning(
        architecture=architecture,
        fitting=Fitting(
            steps=words["steps"],
            rate=words["rate"],
            precision=words["precision"],
            teacher_share=words["teacher_share"],
        ),
        drawing=Drawing(
            batch=words["batch"],
            seed=words["seed"],
            augment=words["augment"],
            mixup=words["mixup"],
        ),
        balance=words["balance"],
        unlabelled=words["unlabelled"],
    )
