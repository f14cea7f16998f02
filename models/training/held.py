"""A network for delivery, and what its kind says of clips that it has not learned from.

Two ways: a head on frozen features, and the streaming encoder trained on with it. In both, whatever
learns from labels is learned anew without each fold's speakers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ..labels import Label
from ..window import Float32
from .corpus import Clip, read_clip
from .crossval import (
    HeldOut,
    corpus_folds,
    heads_without,
    hold_out,
    joint_folds,
    read_pooled,
    speaker_folds,
    train_head,
)
from .features import COPIES, Features, degraded, speech_frames, windows
from .head import Head
from .joined import Body
from .streaming import StreamingEncoder
from .tuning import Scale, Tuned, Tuning, Whole, fingerprint, tune

JOINT: Final = 4
"""Folds over speakers of all corpora at once, where each costs a training of its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stranger:
    """A network that has learned from everybody but some speakers: it may judge them."""

    speakers: frozenset[str]
    encoder: Body
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A network that has learned from all clips, and logits of networks that have not."""

    encoder: Body
    head: Head
    speakers: list[HeldOut]
    """Of unseen speakers."""
    corpora: list[HeldOut]
    """Of unseen corpora; none where there is only one."""
    folds: Mapping[str, int]
    """Speakers of each corpus that were held out at a time."""
    strangers: Sequence[Stranger]
    """The networks that `speakers` were read by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What is learned from and judged on."""

    clips: Sequence[Clip]
    data: Features
    labels: Sequence[Label]
    sizes: Mapping[str, int]
    """Corpora that results are reported on, and speakers held out at a time."""
    penalty: float

    @property
    def features(self) -> Float32:
        """The last layer's, [n, D]."""
        return self.data.pooled[:, -1].astype(np.float32)

    @property
    def corpora(self) -> list[str]:
        """All, sorted."""
        return sorted({clip.corpus for clip in self.clips})


def frozen(of: Known, encoder: Body, say: Callable[[str], None]) -> Judged:
    """A linear head on features that stay as they are."""
    features, clips, data = of.features, of.clips, of.data
    say("cross-validation over speakers")
    folds = speaker_folds(clips, of.sizes)
    heads = list(heads_without(features, data, clips, folds, of.labels, of.penalty))
    corpora: list[HeldOut] = []
    if len(of.corpora) > 1:
        say("cross-validation over corpora")
        whole = corpus_folds(clips, of.corpora)
        corpora = hold_out(features, data, clips, whole, of.labels, of.penalty)
    everybody = np.ones(len(clips), bool)
    return Judged(
        encoder=encoder,
        head=train_head(features, data, clips, everybody, of.labels, of.penalty),
        speakers=[part for fold in heads for part in read_pooled(fold, features, data, clips)],
        corpora=corpora,
        folds=of.sizes,
        strangers=[
            Stranger(speakers=fold.speakers, encoder=encoder, head=fold.head) for fold in heads
        ],
    )


def tuned(
    of: Known,
    encoder: StreamingEncoder,
    noise: Sequence[Float32],
    cache: Path,
    say: Callable[[str], None],
    job: Tuning,
) -> Judged:
    """The encoder trained on, once for each fold and once for all. Raises CorpusError."""

    def without(held: set[str]) -> tuple[list[HeldOut], Tuned]:
        return _without(of, encoder, held, noise, cache, say, job)

    say("tuning, cross-validation over speakers")
    folds = list(joint_folds(of.clips, sorted(of.sizes), JOINT))
    judged = [without(held) for held in folds]
    corpora: list[HeldOut] = []
    if len(of.corpora) > 1:
        say("tuning, cross-validation over corpora")
        for _, held in corpus_folds(of.clips, sorted(of.sizes)):
            corpora += without(held)[0]
    say("tuning on all clips")
    start, scale = _start(of, encoder, set())
    final = tune(start, scale, _learned(of, set()), noise, of.labels, cache, say, job)
    return Judged(
        encoder=final.encoder,
        head=final.head,
        speakers=[part for parts, _ in judged for part in parts],
        corpora=corpora,
        folds={
            corpus: max(len(_of(of.clips, corpus) & held) for held in folds) for corpus in of.sizes
        },
        strangers=[
            Stranger(speakers=frozenset(held), encoder=made.encoder, head=made.head)
            for held, (_, made) in zip(folds, judged, strict=True)
        ],
    )


def _of(clips: Sequence[Clip], corpus: str) -> set[str]:
    return {clip.speaker for clip in clips if clip.corpus == corpus}


def _start(of: Known, encoder: StreamingEncoder, held: set[str]) -> tuple[Tuned, Scale]:
    """The head on frozen features, and their scale, both without the held speakers."""
    rows = np.array([clip.speaker not in held for clip in of.clips])
    features = of.features
    head = train_head(features, of.data, of.clips, rows, of.labels, of.penalty)
    seen = features[rows[of.data.clip]]
    scale = Scale(mean=seen.mean(axis=0), spread=seen.std(axis=0) + np.float32(1e-3))
    return Tuned(encoder=encoder, head=head), scale


def _learned(of: Known, held: set[str]) -> list[Clip]:
    return [clip for clip in of.clips if clip.speaker not in held and clip.label in of.labels]


def _without(
    of: Known,
    encoder: StreamingEncoder,
    held: set[str],
    noise: Sequence[Float32],
    cache: Path,
    say: Callable[[str], None],
    job: Tuning,
) -> tuple[list[HeldOut], Tuned]:
    """A network that never had the held speakers' labels, and its logits of them, which are kept
    in `cache`."""
    start, scale = _start(of, encoder, held)
    learned = _learned(of, held)
    made = tune(start, scale, learned, noise, of.labels, cache, say, job)
    path = cache / fingerprint(start, learned, job) / f"held-{job.share:g}.npz"
    if not path.is_file():
        rows = [i for i, c in enumerate(of.clips) if c.speaker in held and c.label in of.labels]
        keep_held(path, read_held(Whole(made.encoder, made.head), of.clips, rows, noise))
    return kept_held(path), made


def keep_held(path: Path, found: Sequence[HeldOut]) -> None:
    """Write logits to a file; whole or not at all."""
    arrays: dict[str, Any] = {}
    for part in found:
        arrays[f"{part.corpus}/{part.copy}/clips"] = part.clips
        arrays[f"{part.corpus}/{part.copy}/logits"] = part.logits
    fresh = path.with_suffix(".part.npz")
    np.savez(fresh, **arrays)
    fresh.rename(path)


def kept_held(path: Path) -> list[HeldOut]:
    """What `keep_held` wrote."""
    with np.load(path) as kept:
        names = [name.rsplit("/", 2)[:2] for name in kept.files if name.endswith("/clips")]
        return [
            HeldOut(
                corpus=corpus,
                copy=copy,
                clips=kept[f"{corpus}/{copy}/clips"],
                logits=kept[f"{corpus}/{copy}/logits"],
            )
            for corpus, copy in names
        ]


def read_held(
    network: nn.Module, clips: Sequence[Clip], rows: Sequence[int], noise: Sequence[Float32]
) -> list[HeldOut]:
    """What a network (waves [B, S] to logits [B, F, 9] and features) says of the clips of some
    rows, in all of COPIES."""
    found = []
    for corpus in sorted({clips[row].corpus for row in rows}):
        of = [row for row in rows if clips[row].corpus == corpus]
        logits = np.stack([_read(network, read_clip(clips[row].path), row, noise) for row in of])
        at: npt.NDArray[np.int64] = np.array(of)
        found += [
            HeldOut(corpus=corpus, copy=copy, clips=at, logits=logits[:, number])
            for number, copy in enumerate(COPIES)
        ]
    return found


def _read(network: nn.Module, wave: Float32, row: int, noise: Sequence[Float32]) -> Float32:
    """Logits of a clip's COPIES [copies, 9]: the mean over its windows' speech frames."""
    copies = [
        windows(degraded(wave, copy, noise, np.random.default_rng([row, number])))
        for number, copy in enumerate(COPIES)
    ]
    means = []
    for together in zip(*copies, strict=True):
        with torch.inference_mode():
            logits = network(torch.from_numpy(np.stack(together)))[0].numpy()
        spoken = [speech_frames(window)[: logits.shape[1]] for window in together]
        means.append([one[rows].mean(axis=0) for one, rows in zip(logits, spoken, strict=True)])
    return np.asarray(np.mean(means, axis=0), np.float32)
