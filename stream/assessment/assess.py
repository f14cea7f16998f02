"""`tonewatch evaluate --fear-disgust`: the decision judged on speakers whom nothing has learned."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...models.centres import CENTRES_NAME, Compass
from ...models.engine import Engine
from ...models.evaluation.embeddings import COPIES, Embedded, embed
from ...models.evaluation.folds import (
    Fold,
    HeadEngine,
    check_unlearned,
    learn,
    part,
    rivals_of,
    targets_of,
)
from ...models.labels import LABELS
from ...models.training.corpus import Clip, CorpusError, read_manifest
from ..decision.arrays import Float64
from ..decision.rivals import POINTS
from ..decision.scene.scenes import load_scenes, profiled
from ..listener.gate import Vad
from ..settings import DecisionSettings, StreamSettings
from .calls import SPLICE_PAUSE_S, Call, Tape, join
from .clips import Decided, decide, figures, unknown_curve
from .flags import Counted, calm_calls, counted, summed, wave_of
from .splices import Spliced, figures_of, judged

Say = Callable[[str], None]
SPLICES = 5
"""Most pairs of fear and disgust for each speaker."""
WATCHFUL = "emergency"
"""The packaged profile that flags most: the plain thresholds raise few episodes in pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What to judge on, and where to put the figures."""

    manifest: Path
    output: Path
    cache: Path | None = None
    """Folder of what was read of the clips, so that a second run is short."""
    joinings: int = 3
    """In how many orders each speaker's calm clips are joined into calls, most of the work; 0: no
    calls, and no splices either."""


def assess(engine: Engine, job: Assessment, settings: StreamSettings, say: Say) -> dict[str, Any]:
    """Judge, write fear_disgust.json into the output folder; returns the figures.

    Raises CorpusError, EngineError, OSError, ImportError (without the `train` extra).
    """
    every = read_manifest(job.manifest)
    # Before the long work, not behind it.
    check_unlearned(every, engine.manifest)
    read = embed(engine, every, say, job.cache)
    known = [i for i, clip in enumerate(every) if clip.label in engine.manifest.known]
    clips, embedded = [every[i] for i in known], part(read, np.array(known, np.int64))
    every_fold = learn(clips, embedded, engine.manifest, say, also_teaching=job.joinings > 0)
    folds = [fold for fold in every_fold if not fold.teaches]
    if not folds:
        raise CorpusError(f"{job.manifest}: no corpus to report on has both fear and disgust")
    found: dict[str, Any] = {
        "model": f"{engine.manifest.name} {engine.manifest.version}",
        "learned_without_the_tested_speakers": "head and centres",
        "clips": {
            copy: _on_clips(clips, embedded, number, folds, engine, settings)
            for number, copy in enumerate(COPIES)
        },
    }
    if job.joinings:
        found["calls"] = {
            copy: _on_calls(
                clips, every_fold, engine, settings, job, say, by_telephone=copy == "telephone"
            )
            for copy in COPIES
        }
    job.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (job.output / "fear_disgust.json").write_text(text + "\n", encoding="utf-8")
    return found


def _on_clips(
    clips: Sequence[Clip],
    embedded: Embedded,
    copy: int,
    folds: Sequence[Fold],
    engine: Engine,
    settings: StreamSettings,
) -> dict[str, Any]:
    """Per corpus and over all: two-class figures; over all: the curve of `unknown_below`."""
    targets = targets_of(clips)
    rows, decided = _decided(clips, embedded, copy, folds, engine, settings)
    speakers = [clips[i].speaker for i in rows]
    corpora = np.array([clips[i].corpus for i in rows])
    two = rivals_of(targets[rows])
    found = {}
    for corpus in (*sorted(set(corpora)), "all"):
        some = np.flatnonzero(two & ((corpora == corpus) | (corpus == "all")))
        found[corpus] = figures(
            _part(decided, some), targets[rows][some], [speakers[i] for i in some]
        )
    right = decided.strongest == targets[rows]
    found["unknown_below"] = unknown_curve(decided.confidence, right)
    return found


def _decided(
    clips: Sequence[Clip],
    embedded: Embedded,
    copy: int,
    folds: Sequence[Fold],
    engine: Engine,
    settings: StreamSettings,
) -> tuple[list[int], Decided]:
    known = np.array([label in engine.manifest.known for label in LABELS])
    temperature = settings.decision.temperature or engine.manifest.calibration.temperature
    rows: list[int] = []
    logits: list[Float64] = []
    similar: list[Float64] = []
    for fold in folds:
        mine = [i for i, clip in enumerate(clips) if clip.speaker in fold.speakers]
        features = embedded.features[copy][mine]
        rows += mine
        logits.append(np.asarray(fold.head.logits(features), np.float64))
        if fold.centres is not None:
            compass = Compass(fold.centres)
            similar.append(POINTS * compass.fear_share(compass.place(features)))
    helped = len(similar) == len(folds) and settings.decision.tie_break
    similarity = np.concatenate(similar) if helped else None
    stacked = np.concatenate(logits)
    return rows, decide(stacked, similarity, known, temperature, settings.decision)


def _part(decided: Decided, rows: np.ndarray[Any, np.dtype[np.intp]]) -> Decided:
    return Decided(**{name: getattr(decided, name)[rows] for name in Decided.__slots__})


def _on_calls(
    clips: Sequence[Clip],
    folds: Sequence[Fold],
    engine: Engine,
    settings: StreamSettings,
    job: Assessment,
    say: Say,
    *,
    by_telephone: bool,
) -> dict[str, Any]:
    """False flags an hour of calm speech, and spliced emotions, per corpus and over all."""
    vad = Vad()
    calm: list[Counted] = []
    spliced: list[tuple[str, Spliced]] = []
    watched: list[Spliced] = []
    with tempfile.TemporaryDirectory() as folder:
        for fold, reader, chosen in _readers(folds, engine, settings, Path(folder)):
            for speaker in sorted(fold.speakers):
                mine = [clip for clip in clips if clip.speaker == speaker]
                for call in calm_calls(speaker, mine, job.joinings, by_telephone=by_telephone):
                    tape = Tape(call, reader, vad, chosen)
                    calm += counted(tape, chosen.decision, fold.corpus, speaker, fold.teaches)
                pairs = None if fold.teaches else _spliced(speaker, mine, by_telephone)
                if pairs is not None:
                    tape = Tape(pairs, reader, vad, chosen)
                    spliced.append((fold.corpus, judged(pairs, tape.play(chosen.decision))))
                    watched.append(judged(pairs, tape.play(_watchful(chosen.decision))))
            say(f"calls of {fold.corpus}, {len(fold.speakers)} speakers")
    corpora = (*sorted({corpus for corpus, _ in spliced}), "all")
    return {
        "false_flags": summed(calm),
        "splices": {
            corpus: figures_of([one for name, one in spliced if corpus in (name, "all")])
            for corpus in corpora
        },
        f"splices_{WATCHFUL}": figures_of(watched),
    }


def _watchful(decision: DecisionSettings) -> DecisionSettings:
    return profiled(decision, load_scenes(None).scene("", WATCHFUL))


def _readers(
    folds: Sequence[Fold], engine: Engine, settings: StreamSettings, folder: Path
) -> Iterator[tuple[Fold, Engine, StreamSettings]]:
    """Every fold with its engine and settings: its own head, its own centres."""
    for number, fold in enumerate(folds):
        changed: dict[str, Any] = {"tie_break": False}
        if fold.centres is not None:
            path = folder / f"{number}-{CENTRES_NAME}"
            fold.centres.save(path)
            changed = {"centres": path}
        decision = settings.decision.model_copy(update=changed)
        chosen = settings.model_copy(update={"decision": decision})
        yield fold, HeadEngine(engine, fold.head), chosen


def _spliced(speaker: str, clips: Sequence[Clip], by_telephone: bool) -> Call | None:
    """Pairs of fear, then disgust, without a pause between the two."""
    fear, disgust = ([c for c in clips if c.label == e] for e in ("fearful", "disgusted"))
    waves = [
        wave_of(clip, by_telephone)
        for pair in list(zip(fear, disgust, strict=False))[:SPLICES]
        for clip in pair
    ]
    return join(speaker, waves, lambda i: SPLICE_PAUSE_S if i % 2 else 0.0) if waves else None
