"""Models that have not heard the speakers they are judged on: heads and centres, fold by fold.

The network stays as it is; what was learned from labels, the linear head and the centres, is
fitted anew without the speakers of a fold. A network whose features were themselves learned from
labels of these speakers cannot be made fair in this way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..centres import Centres, CentresError, Method, fit
from ..engine import Engine
from ..labels import DISGUSTED, FEARFUL, LABELS
from ..manifest import Manifest
from ..training.corpus import Clip, CorpusError
from ..window import Float32, Frames, Window
from .embeddings import Embedded

FOLDS: Final = 5
"""Most folds of one corpus; one with fewer speakers has a fold for each."""
PENALTY: Final = 3e-3
"""L2 strength of a fold's head: that of the default model."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Speakers of one corpus that were held out, and what was learned without them."""

    corpus: str
    speakers: frozenset[str]
    head: Any
    """models.training.head.Head."""
    centres: Centres | None
    """None where too little was left to fit them from."""
    teaches: bool = False
    """A corpus that only teaches: no result on it is one to report."""


class HeadEngine:
    """An engine whose logits are another head's, on the same features."""

    def __init__(self, engine: Engine, head: Any) -> None:
        self._engine = engine
        self._head = head

    @property
    def manifest(self) -> Manifest:
        """The engine's."""
        return self._engine.manifest

    @property
    def provider(self) -> str:
        """The engine's."""
        return self._engine.provider

    def open(self, leg: str) -> None:
        """A leg begins."""
        self._engine.open(leg)

    def close(self, leg: str) -> None:
        """A leg has ended."""
        self._engine.close(leg)

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows. Raises EngineError."""
        return [
            Frames(
                leg=frames.leg,
                start_frame=frames.start_frame,
                logits=self._head.logits(frames.features),
                features=frames.features,
                captured_at=frames.captured_at,
                warming_up=frames.warming_up,
            )
            for frames in self._engine.infer(windows)
        ]


def with_both(clips: Sequence[Clip]) -> list[str]:
    """Corpora that have clips of fear and of disgust: elsewhere corpus and label are one."""
    held: dict[str, set[str]] = {}
    for clip in clips:
        held.setdefault(clip.corpus, set()).add(clip.label)
    return sorted(corpus for corpus, labels in held.items() if {"fearful", "disgusted"} <= labels)


def held_out(clips: Sequence[Clip], most: int = FOLDS) -> Iterator[tuple[str, frozenset[str]]]:
    """Corpus and speakers of every fold: corpora to report on that have both labels."""
    for corpus in with_both([clip for clip in clips if clip.role == "eval"]):
        speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
        count = min(most, len(speakers))
        for number in range(count):
            yield corpus, frozenset(speakers[number::count])


def teaching(clips: Sequence[Clip], most: int = FOLDS) -> Iterator[tuple[str, frozenset[str]]]:
    """Corpus and speakers of every fold of the corpora that only teach."""
    for corpus in sorted({clip.corpus for clip in clips if clip.role != "eval"}):
        speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
        for number in range(min(most, len(speakers))):
            yield corpus, frozenset(speakers[number::most])


def check_unlearned(clips: Sequence[Clip], manifest: Manifest) -> None:
    """Raises CorpusError for a network whose body has learned labels of these speakers."""
    learned = set(manifest.accuracy.get("trained_speakers", ()))
    if "tuned" in manifest.accuracy and learned & {clip.speaker for clip in clips}:
        raise CorpusError(
            f"the body of {manifest.name} has learned these speakers' labels (--tune), which no"
            " fold can undo: take clips of other speakers, or the figures on its card"
        )


def learn(
    clips: Sequence[Clip],
    embedded: Embedded,
    manifest: Manifest,
    say: Callable[[str], None],
    *,
    method: Method = "means",
    also_teaching: bool = False,
) -> list[Fold]:
    """A fold for each entry of `held_out`, then, if wanted, of `teaching`.

    Raises CorpusError for a network whose body has learned labels of these speakers, ImportError
    without the `train` extra.
    """
    check_unlearned(clips, manifest)
    from ..training.head import balanced_weights, fit_head, label_masks

    found = []
    targets = targets_of(clips)
    known = np.array([label in manifest.known for label in LABELS])
    masks = label_masks(clips) & known
    folds = [(*one, False) for one in held_out(clips)]
    folds += [(*one, True) for one in teaching(clips)] if also_teaching and folds else []
    for corpus, speakers, teaches in folds:
        kept = np.array([clip.speaker not in speakers for clip in clips]) & known[targets]
        rows = np.flatnonzero(kept)
        weights = balanced_weights([clips[int(i)] for i in rows])
        copies = len(embedded.features)
        head = fit_head(
            np.concatenate([copy[rows] for copy in embedded.features]),
            np.tile(targets[rows], copies),
            np.tile(masks[rows], (copies, 1)),
            np.tile(weights, copies),
            penalty=PENALTY,
        )
        centres: Centres | None
        try:
            chosen = [clips[int(i)] for i in rows]
            centres = centres_of(chosen, part(embedded, rows), manifest, "fold", method=method)
        except CentresError:
            centres = None
        say(f"learned without {len(speakers)} speakers of {corpus}")
        found.append(
            Fold(corpus=corpus, speakers=speakers, head=head, centres=centres, teaches=teaches)
        )
    return found


def centres_of(
    clips: Sequence[Clip],
    embedded: Embedded,
    manifest: Manifest,
    version: str,
    *,
    method: Method = "means",
    fitted_on: str = "",
) -> Centres:
    """Centres from the corpora that have both labels, in every copy, corpora and labels alike.

    Raises CentresError.
    """
    corpora = with_both(clips)
    known = {LABELS.index(label) for label in manifest.known}
    targets = targets_of(clips)
    rows = np.array(
        [i for i, c in enumerate(clips) if c.corpus in corpora and int(targets[i]) in known],
        np.int64,
    )
    counts: dict[tuple[str, str], int] = {}
    for i in rows:
        key = (clips[i].corpus, clips[i].label)
        counts[key] = counts.get(key, 0) + 1
    weights = np.array([1 / counts[clips[int(i)].corpus, clips[int(i)].label] for i in rows])
    copies = len(embedded.features)
    features: Float32 = np.concatenate([copy[rows] for copy in embedded.features])
    return fit(
        features,
        np.tile(targets[rows], copies),
        manifest,
        version=version,
        method=method,
        fitted_on=fitted_on or ", ".join(corpora),
        weights=np.tile(weights, copies),
    )


def part(embedded: Embedded, rows: Ints) -> Embedded:
    """Some of the clips."""
    return Embedded(logits=embedded.logits[:, rows], features=embedded.features[:, rows])


def targets_of(clips: Sequence[Clip]) -> Ints:
    """Numbers in LABELS [n]."""
    return np.array([LABELS.index(clip.label) for clip in clips], np.int64)


def rivals_of(targets: Ints) -> npt.NDArray[np.bool_]:
    """Which clips are of one of the two."""
    return np.isin(targets, (FEARFUL, DISGUSTED))
