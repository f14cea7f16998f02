"""Cross-validation over speakers, and over whole corpora."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..labels import DISGUSTED, FEARFUL, LABELS, Label
from ..window import Float32
from .corpus import Clip
from .features import COPIES, EVERY_COPY, Features
from .head import Head, balanced_weights, fit_head, label_masks

SHARED: tuple[Label, ...] = ("angry", "disgusted", "fearful", "happy", "neutral", "sad")
"""Labels on which corpora are compared when one of them was never seen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """Logits of clips that a head has not learned from."""

    corpus: str
    copy: str
    clips: npt.NDArray[np.int64]
    """Shape [n]: rows of the manifest."""
    logits: Float32
    """Shape [n, 9]: mean over the clip's windows."""


def speaker_folds(
    clips: Sequence[Clip], sizes: Mapping[str, int]
) -> Iterator[tuple[str, set[str]]]:
    """Corpus and held-out speakers, `sizes[corpus]` at a time; genders mixed by taking strides."""
    for corpus, size in sizes.items():
        speakers = sorted({clip.speaker for clip in clips if clip.corpus == corpus})
        count = max(1, len(speakers) // size)
        for fold in range(count):
            yield corpus, set(speakers[fold::count])


def joint_folds(clips: Sequence[Clip], corpora: Sequence[str], count: int) -> Iterator[set[str]]:
    """Held-out speakers of all these corpora at once, in at most `count` folds: where a fold costs
    much, one serves them all. A corpus of fewer speakers is whole in the folds that are left."""
    speakers = {name: sorted({c.speaker for c in clips if c.corpus == name}) for name in corpora}
    most = min(count, max(len(found) for found in speakers.values()))
    for fold in range(most):
        yield {speaker for found in speakers.values() for speaker in found[fold::most]}


def train_head(
    features: Float32,
    data: Features,
    clips: Sequence[Clip],
    rows: npt.NDArray[np.bool_],
    known: Sequence[Label],
    penalty: float,
    copies: Sequence[str] = EVERY_COPY,
) -> Head:
    """A head for the clips chosen by `rows` [clips], on the copies named; labels not `known` left
    out."""
    chosen = [int(i) for i in np.flatnonzero(rows) if clips[int(i)].label in known]
    weights = np.zeros(len(clips))
    weights[chosen] = balanced_weights([clips[i] for i in chosen])
    masks = label_masks(clips) & np.array([label in known for label in LABELS])
    targets = np.array([LABELS.index(clip.label) for clip in clips])
    named = [EVERY_COPY.index(copy) for copy in copies]
    used = np.flatnonzero(np.isin(data.clip, chosen) & np.isin(data.copy, named))
    of = data.clip[used]
    return fit_head(features[used], targets[of], masks[of], weights[of], penalty=penalty)


def hold_out(
    features: Float32,
    data: Features,
    clips: Sequence[Clip],
    folds: Iterator[tuple[str, set[str]]],
    known: Sequence[Label],
    penalty: float,
    copies: Sequence[str] = EVERY_COPY,
) -> list[HeldOut]:
    """Train without each fold's speakers on the `copies` named, read theirs in all of COPIES."""
    heads = heads_without(features, data, clips, folds, known, penalty, copies)
    return [part for fold in heads for part in read_pooled(fold, features, data, clips)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadWithout:
    """A head that has learned from everybody but some speakers of a corpus."""

    corpus: str
    speakers: frozenset[str]
    head: Head


def heads_without(
    features: Float32,
    data: Features,
    clips: Sequence[Clip],
    folds: Iterator[tuple[str, set[str]]],
    known: Sequence[Label],
    penalty: float,
    copies: Sequence[str] = EVERY_COPY,
) -> Iterator[HeadWithout]:
    """A head for each fold, learned without its speakers on the `copies` named."""
    for corpus, speakers in folds:
        others = np.array([clip.speaker not in speakers for clip in clips])
        head = train_head(features, data, clips, others, known, penalty, copies)
        yield HeadWithout(corpus=corpus, speakers=frozenset(speakers), head=head)


def read_pooled(
    fold: HeadWithout, features: Float32, data: Features, clips: Sequence[Clip]
) -> Iterator[HeldOut]:
    """What a head says of its fold's speakers, in all of COPIES."""
    test = np.array([clip.speaker in fold.speakers for clip in clips])
    for number, copy in enumerate(COPIES):
        rows = np.flatnonzero(test[data.clip] & (data.copy == number))
        total, count = np.zeros((len(clips), len(LABELS))), np.zeros(len(clips))
        np.add.at(total, data.clip[rows], fold.head.logits(features[rows]))
        np.add.at(count, data.clip[rows], 1)
        at = np.flatnonzero(count)
        logits = (total[at] / count[at, None]).astype(np.float32)
        yield HeldOut(corpus=fold.corpus, copy=copy, clips=at, logits=logits)


def corpus_folds(clips: Sequence[Clip], corpora: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
    """Every corpus once, whole."""
    for corpus in corpora:
        yield corpus, {clip.speaker for clip in clips if clip.corpus == corpus}


def uar(
    found: Sequence[HeldOut], clips: Sequence[Clip], labels: Sequence[Label] | None = None
) -> float:
    """Unweighted average recall over the labels that the corpus has (and `labels`, if given),
    the answer chosen among them."""
    rows = np.concatenate([part.clips for part in found])
    logits = np.concatenate([part.logits for part in found])
    truth = np.array([LABELS.index(clips[i].label) for i in rows])
    allowed = sorted({int(t) for t in truth if labels is None or LABELS[t] in labels})
    kept = np.isin(truth, allowed)
    answer = np.array(allowed)[logits[kept][:, allowed].argmax(axis=1)]
    return float(np.mean([(answer[truth[kept] == t] == t).mean() for t in allowed]))


def rivals_told_apart(found: Sequence[HeldOut], clips: Sequence[Clip]) -> float | None:
    """Share of fearful and disgusted clips whose own label is the higher of the two, of corpora
    that have both; None without such clips."""
    right: list[bool] = []
    for part in found:
        truth = np.array([LABELS.index(clips[i].label) for i in part.clips])
        rows = np.isin(truth, (FEARFUL, DISGUSTED))
        if len(set(truth[rows])) == 2:
            fear = part.logits[rows, FEARFUL] > part.logits[rows, DISGUSTED]
            right += list(fear == (truth[rows] == FEARFUL))
    return float(np.mean(right)) if right else None
