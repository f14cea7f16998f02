"""FunASR's own folder format: the four files of an emotion2vec+ checkpoint, and what they say.

Read without torch and without FunASR.
"""

from pathlib import Path
from typing import Any, Final

from .engine import EngineError
from .labels import LABELS, Label
from .manifest import MANIFEST_NAME, Licence, Manifest

FILES: Final = ("model.pt", "config.yaml", "configuration.json", "tokens.txt")

LENGTHS: Final = (16_000, 24_000, 32_000, 48_000)
"""True lengths of windows that emotion2vec+ is asked for, in samples."""

LICENCE: Final = Licence(
    name="FunASR Model Open Source License Agreement 1.1",
    commercial_use=False,
    notice=(
        "emotion2vec+ by ddlBoJack and the FunASR authors; its licence neither forbids nor grants "
        "commercial use: keep the name and this notice, and ask counsel before selling a service."
    ),
)

NINE: Final = "emotion2vec_plus_large"
"""The model of which all nine labels are published: a list with fewer is an outdated copy."""


def missing_files(folder: Path) -> list[str]:
    """Which of the four files the folder lacks."""
    return [file for file in FILES if not (folder / file).is_file()]


def is_funasr(folder: Path) -> bool:
    """Whether the folder holds FunASR's weights and no graph of ours."""
    return (folder / "model.pt").is_file() and not (folder / MANIFEST_NAME).is_file()


def read_tokens(path: Path, name: str = "") -> tuple[Label | None, ...]:
    """Labels of tokens.txt in order: the English word behind the slash, `<unk>` as unknown.

    None stands for a row of the head that is masked (`unuse*`). Raises EngineError for an empty
    line inside or behind the list (it would make a further class), a word that is no label, a label
    that comes twice, or where the model `name` is known to have other labels.
    """
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EngineError(f"{path}: cannot be read: {error}") from error
    labels: list[Label | None] = []
    for number, line in enumerate(lines, 1):
        word = line.strip().rpartition("/")[2]
        if word.startswith("unuse"):
            labels.append(None)
        elif word == "<unk>":
            labels.append("unknown")
        elif word in LABELS:
            labels.append(next(label for label in LABELS if label == word))
        else:
            raise EngineError(f"{path}: line {number}: {line!r} is no label")
    named = [label for label in labels if label]
    if len(set(named)) != len(named):
        raise EngineError(f"{path}: a label comes twice")
    if name == NINE and tuple(labels) != LABELS:
        raise EngineError(
            f"{path}: expected the nine labels {', '.join(LABELS)}; "
            "older copies hide fear and disgust: fetch the file again"
        )
    return tuple(labels)


def read_config(path: Path) -> dict[str, Any]:
    """`model_conf` of config.yaml, as data. Raises EngineError."""
    try:
        import yaml
    except ImportError as error:
        raise EngineError(f"{error}: pip install 'tonewatch[export]'") from error
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))["model_conf"]
        return {"embed_dim": content["embed_dim"], "modalities": content["modalities"]}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise EngineError(f"{path}: not an emotion2vec configuration: {error!r}") from error


def funasr_manifest(folder: Path) -> Manifest:
    """What a checkpoint folder says of itself, as of a model folder. Raises EngineError."""
    missing = missing_files(folder)
    if missing:
        # FunASR would take the path for a hub name, or fill the network with random numbers.
        raise EngineError(
            f"{folder}: {', '.join(missing)} missing; FunASR's folder holds {', '.join(FILES)}"
        )
    name = folder.resolve().name
    tokens = read_tokens(folder / "tokens.txt", name)
    return Manifest(
        name=name,
        version="FunASR",
        graph="model.pt",
        window_samples=LENGTHS[-1],
        lengths=LENGTHS,
        receptive_field=400,
        labels=LABELS,
        known=tuple(label for label in LABELS if label in tokens),
        feature_dim=int(read_config(folder / "config.yaml")["embed_dim"]),
        batching=False,
        licence=LICENCE,
    )
