"""Proof of an export: the served graph against the network, and that against FunASR.

Logits and log scores are compared, never probabilities: a model this peaked agrees in its
probabilities with any broken one that names the same label.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..models.labels import DISGUSTED, FEARFUL
from ..models.manifest import Check
from ..models.window import Float32

Run = Callable[[Float32], tuple[Float32, Float32]]
"""Waves [B, S] to logits [B, F, 9] and features [B, F, D]."""

LOGITS_LIMIT: Final = 1e-4
SCORES_LIMIT: Final = 1e-5
FEATURES_LIMIT: Final = 2e-4
GOLDEN_LIMIT: Final = 0.05
"""Largest difference of a log score on the publisher's example recording, in fp32."""


CLEAR: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How far one run is from another, over many windows."""

    logits: float
    """Largest absolute difference of utterance logits (mean over frames)."""
    frame_logits: float
    """Largest absolute difference of a frame's logit."""
    features: float
    scores: float
    """Largest absolute difference of an utterance score."""
    scores_mean: float
    changed: float
    """Share of frames whose top label changed."""
    changed_clear: float
    """The same among frames whose top logit was ahead by CLEAR or more: others fall either way."""
    rivals: float
    """Largest difference of (fear - disgust) in utterance logits."""


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Along the last axis."""
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True))


def deviation(run: Run, reference: Run, batches: Iterable[Float32]) -> Deviation:
    """Run both over batches of waves [B, S] and keep the largest differences."""
    largest, counts, means = np.zeros(5), np.zeros(4, np.int64), []
    for waves in batches:
        (logits, features), (logits0, features0) = run(waves), reference(waves)
        pooled, pooled0 = (x.astype(np.float64).mean(axis=1) for x in (logits, logits0))
        scores = np.abs(softmax(pooled) - softmax(pooled0))
        gaps = [x[:, FEARFUL] - x[:, DISGUSTED] for x in (pooled, pooled0)]
        differences = (
            pooled - pooled0,
            logits - logits0,
            features - features0,
            scores,
            gaps[0] - gaps[1],
        )
        largest = np.maximum(largest, [np.abs(part).max() for part in differences])
        means.append(scores.mean())
        changed = logits.argmax(-1) != logits0.argmax(-1)
        ranked = np.sort(logits0, axis=-1)
        clear = ranked[..., -1] - ranked[..., -2] >= CLEAR
        counts += [changed.sum(), changed.size, (changed & clear).sum(), clear.sum()]
    return Deviation(
        logits=float(largest[0]),
        frame_logits=float(largest[1]),
        features=float(largest[2]),
        scores=float(largest[3]),
        scores_mean=float(np.mean(means)),
        changed=float(counts[0] / counts[1]),
        changed_clear=float(counts[2] / max(1, counts[3])),
        rivals=float(largest[4]),
    )


def grid(lengths: Sequence[int], batches: Sequence[int] = (1, 3)) -> Iterable[Float32]:
    """Noise with a swell, for every length and batch; level and seed differ from row to row."""
    rng = np.random.default_rng(7)
    for length in lengths:
        swell = 0.02 + np.sin(np.linspace(0, 3, length)) ** 2
        for batch in batches:
            levels = rng.uniform(0.02, 0.2, (batch, 1))
            noise = rng.standard_normal((batch, length)) * swell * levels
            yield np.clip(noise, -1, 1).astype(np.float32)


def extremes(length: int) -> list[Float32]:
    """Waves [1, length] at the ends of the range: what must never give a number that is none."""
    rng = np.random.default_rng(11)
    noise = rng.standard_normal(length)
    click = np.zeros(length)
    click[length // 2] = 1.0
    waves = (
        np.zeros(length),
        np.full(length, 0.999),
        np.sign(noise),
        click,
        np.round(noise) / 32768,
        np.where(np.arange(length) < length // 2, 0.0, np.clip(noise, -1, 1)),
    )
    return [wave.astype(np.float32)[None] for wave in waves]


def finite_check(name: str, run: Run, waves: Iterable[Float32]) -> Check:
    """Counts logits that are no numbers; none may be."""
    broken = sum(int((~np.isfinite(run(wave)[0])).sum()) for wave in waves)
    return check(f"{name}: logits that are no numbers", broken, 0)


def exact_checks(name: str, found: Deviation) -> list[Check]:
    """The fp32 identities: logits 1e-4, scores 1e-5, features 2e-4."""
    rows = (
        ("logits", found.logits, LOGITS_LIMIT),
        ("scores", found.scores, SCORES_LIMIT),
        ("features", found.features, FEATURES_LIMIT),
    )
    return [check(f"{name}: {part}", value, limit) for part, value, limit in rows]


def check(name: str, value: float, limit: float) -> Check:
    """Passed when the value is a number within the limit."""
    return Check(name=name, value=value, limit=limit, passed=bool(value <= limit))


def golden_check(
    run: Run, wave: Float32, expected: Sequence[float], limit: float = GOLDEN_LIMIT
) -> Check:
    """Largest difference of the log scores of one whole recording [S] from the published ones."""
    logits, _ = run(wave[None])
    pooled = logits.astype(np.float64).mean(axis=1)[0]
    log_scores = pooled - np.logaddexp.reduce(pooled)
    worst = float(np.abs(log_scores - np.log(np.asarray(expected, dtype=np.float64))).max())
    return check("golden recording: log scores", worst, limit)
