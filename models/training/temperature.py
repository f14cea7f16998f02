"""The temperature of a trained network, from clips that it has not learned from."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ..evaluation.calibrate import temperature_of
from ..evaluation.metrics import reliability, scores_of
from ..labels import LABELS, Label
from ..manifest import Calibration
from ..window import Float32
from .augment import add_noise, reverberate, room, speed, telephone
from .corpus import Clip, read_clip
from .crossval import HeadWithout, HeldOut, read_pooled, train_head
from .features import Features, pool, windows
from .held import Known
from .joined import Body

SPEEDS: Final = (0.8, 0.9, 1.1, 1.25)
COLDEST, HOTTEST = 0.05, 50.0
"""Temperatures that are looked at."""


def calibrate(
    speakers: Sequence[HeldOut],
    corpora: Sequence[HeldOut],
    clips: Sequence[Clip],
    known: Sequence[Label],
) -> tuple[Calibration, float | None]:
    """One temperature for unseen speakers and unseen corpora, and the expected calibration error
    of each: every speaker's clips at the temperature of all other speakers. Without unseen corpora
    that of speakers alone, and None.

    A call is an unseen corpus: a temperature of unseen speakers alone is too sure of it.
    """
    kinds = [_held(found, clips, known) for found in (speakers, corpora) if found]
    logits = np.concatenate([kind[0] for kind in kinds])
    truth = np.concatenate([kind[1] for kind in kinds])
    voice = np.concatenate([kind[2] for kind in kinds])
    scores = np.zeros(logits.shape)
    for one in sorted(set(voice)):
        left = voice == one
        others = temperature_of(logits[~left], truth[~left])
        scores[left] = scores_of(logits[left], others)
    ends = np.cumsum([len(kind[0]) for kind in kinds])
    errors = [
        reliability(scores[end - len(kind[0]) : end], kind[1]).ece
        for kind, end in zip(kinds, ends, strict=True)
    ]
    calibration = Calibration(
        temperature=temperature_of(logits, truth),
        ece=float(errors[0]),
        fitted_on=f"held-out speakers{' and corpora' * bool(corpora)}, clean and telephone",
    )
    return calibration, round(float(errors[1]), 4) if corpora else None


def _held(
    found: Sequence[HeldOut], clips: Sequence[Clip], known: Sequence[Label]
) -> tuple[Float32, npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    """Logits [n, 9], truth [n] and speakers [n] of clean and telephone copies."""
    parts = [part for part in found if part.copy in ("clean", "telephone")]
    rows = np.concatenate([part.clips for part in parts])
    logits = np.concatenate([part.logits for part in parts])
    kept = np.array([clips[i].label in known for i in rows])
    rows, logits = rows[kept], logits[kept]
    truth = np.array([LABELS.index(clips[i].label) for i in rows])
    return logits, truth, np.array([clips[i].speaker for i in rows])


def error_at(
    temperature: float, found: Sequence[HeldOut], clips: Sequence[Clip], known: Sequence[Label]
) -> float:
    """The expected calibration error of clean and telephone copies at a temperature."""
    logits, truth, _ = _held(found, clips, known)
    return round(reliability(scores_of(logits, temperature), truth).ece, 4)


def strange(wave: Float32, noise: Sequence[Float32], rng: np.random.Generator) -> Float32:
    """A clip [N] on the worst line that can be staged: another tempo and pitch, a room, noise at 0
    to 10 dB, a telephone."""
    wave = speed(wave, float(rng.choice(SPEEDS)))
    wave = reverberate(wave, room(float(rng.uniform(0.3, 0.8)), rng))
    wave = add_noise(wave, noise[int(rng.integers(len(noise)))], float(rng.uniform(0, 10)), rng)
    return telephone(wave)


def calibrate_for_strangers(of: Known, encoder: Body, noise: Sequence[Float32]) -> float:
    """The temperature for voices unlike all that were learned from, where nobody unlike them may
    be heard: heads that have each learned from a single voice, asked about all other voices on the
    worst line, are as sure at it, in the mean, as they are often right.

    A label that the one voice lacks is never answered, so it counts as wrong.
    """
    worst = _worst(of, encoder, noise)
    features = worst.pooled[:, -1].astype(np.float32)
    logits, truth = [], []
    for voice in sorted({clip.speaker for clip in of.clips}):
        alone = np.array([clip.speaker == voice for clip in of.clips])
        head = train_head(of.features, of.data, of.clips, alone, of.labels, of.penalty)
        others = frozenset(clip.speaker for clip in of.clips) - {voice}
        fold = HeadWithout(corpus="", speakers=others, head=head)
        part = next(read_pooled(fold, features, worst, of.clips))
        kept = [i for i, row in enumerate(part.clips) if of.clips[row].label in of.labels]
        logits.append(part.logits[kept])
        truth += [LABELS.index(of.clips[part.clips[i]].label) for i in kept]
    return temperature_of_rights(np.concatenate(logits), np.array(truth))


def _worst(of: Known, encoder: Body, noise: Sequence[Float32]) -> Features:
    """Pooled features of every clip on the worst line, called clean: it has one copy alone."""
    rows = [
        (pool(encoder, window), number)
        for number, clip in enumerate(of.clips)
        for window in windows(strange(read_clip(clip.path), noise, np.random.default_rng(number)))
    ]
    return Features(
        pooled=np.stack([row[0] for row in rows]).astype(np.float16),
        clip=np.array([row[1] for row in rows], np.int32),
        copy=np.zeros(len(rows), np.int8),
    )


def temperature_of_rights(logits: Float32, truth: npt.NDArray[np.int64]) -> float:
    """The temperature at which the mean confidence in the top label of logits [n, 9] is the share
    of clips whose top label is right; it falls as the temperature rises, so it is bisected."""
    right = float((logits.argmax(axis=1) == truth).mean())
    low, high = COLDEST, HOTTEST
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        if scores_of(logits, middle).max(axis=1).mean() > right:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
