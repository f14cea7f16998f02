"""What a card tells beyond its tables: figures of clips, each read by a network that has not
learned from its speaker."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from ..engine import Engine
from ..evaluation.changes import judge_changes
from ..evaluation.conditions import grid
from ..evaluation.folds import HeadEngine
from ..evaluation.judging import figures_of, read_clips, robustness
from ..labels import Label
from ..manifest import MANIFEST_NAME, Manifest
from ..registry import load_engine
from ..settings import EngineSettings
from ..window import Float32
from .corpus import Clip, read_clip
from .crossval import SHARED, HeldOut
from .forms import FormName, network_of, write
from .held import Judged
from .publish import digest_of

EVERY: Final = 3
"""Conditions and changes are read on every n-th clip: each is read fifteen times and more."""
SPLICES: Final = 120
"""Most recordings with known changes of emotion."""
VOICES: Final = 40
"""Clips kept for babble."""


def engines_of(judged: Judged, folder: Path, form: FormName, cache: Path) -> dict[str, Engine]:
    """For each speaker that was held out the engine that may judge him, served as the model in
    `folder` is: the same graph and another head or, where the body learned labels, a graph of its
    own in `cache`."""
    delivered = served(folder)
    found: dict[str, Engine] = {}
    for number, stranger in enumerate(judged.strangers):
        if stranger.encoder is judged.encoder:
            engine: Engine = HeadEngine(delivered, stranger.head)
        else:
            home = cache / str(number)
            home.mkdir(parents=True, exist_ok=True)
            graph = home / delivered.manifest.graph
            write(network_of(stranger.encoder, stranger.head, form), graph)
            told = delivered.manifest.model_copy(update={"sha256": digest_of(graph)})
            (home / MANIFEST_NAME).write_text(told.model_dump_json(by_alias=True), encoding="utf-8")
            engine = served(home)
        found |= dict.fromkeys(stranger.speakers, engine)
    return found


def served(folder: Path) -> Engine:
    """The model in a folder, on the processor. Raises EngineError."""
    # A network that fails its checks is still to be judged: its card then shows why.
    threads = torch.get_num_threads()
    return load_engine(
        EngineSettings(model=str(folder.resolve()), provider="cpu", threads=threads, force=True)
    )


def card_figures(
    clips: Sequence[Clip],
    manifest: Manifest,
    speakers: Sequence[HeldOut],
    corpora: Sequence[HeldOut],
    engines: Mapping[str, Engine],
    noise: Sequence[Float32],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Figures of unseen `speakers` and `corpora` (their clean copies), and of some clips of unseen
    speakers under each condition and where the emotion changes.

    `noise` are recordings that were not learned with; none: white noise."""
    temperature = manifest.calibration.temperature
    learned = {source.corpus for source in manifest.data}
    told: dict[str, Any] = {
        "clips_taken": EVERY,
        "noise": len(noise),
        "languages": sorted({c.language for c in clips if c.corpus in learned} - {""}),
        "speakers": _figures(clips, speakers, temperature, manifest.known),
        "corpora": None,
    }
    if corpora:
        shared = [label for label in SHARED if label in manifest.known]
        told["corpora"] = _figures(clips, corpora, temperature, shared)
    judged = [clip for clip in clips if clip.speaker in engines and clip.label in manifest.known]
    judged = thinned(judged, EVERY)
    waves = [read_clip(clip.path) for clip in judged]

    def engine_of(clip: Clip) -> Engine:
        return engines[clip.speaker]

    rows = {}
    for condition in grid(noise, waves[:: max(1, len(waves) // VOICES)]):
        say(f"{len(judged)} clips, {condition.name}")
        rows[condition.name] = read_clips(engine_of, judged, waves, condition)
    told["condition_clips"] = len(judged)
    told["conditions"] = robustness(rows, judged)
    told["changes"] = judge_changes(engine_of, judged, waves, say, SPLICES)
    return told


def thinned(clips: Sequence[Clip], every: int) -> list[Clip]:
    """Every n-th clip of each label of each speaker, the first one included."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for clip in clips:
        if seen[clip.speaker, clip.label] % every == 0:
            kept.append(clip)
        seen[clip.speaker, clip.label] += 1
    return kept


def _figures(
    clips: Sequence[Clip], found: Sequence[HeldOut], temperature: float, labels: Sequence[Label]
) -> dict[str, Any]:
    parts = [part for part in found if part.copy == "clean"]
    rows = np.concatenate([part.clips for part in parts])
    logits = np.concatenate([part.logits for part in parts])
    kept = [i for i, row in enumerate(rows) if clips[row].label in labels]
    return figures_of([clips[rows[i]] for i in kept], logits[kept], temperature, labels)
