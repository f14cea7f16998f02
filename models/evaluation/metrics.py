"""Figures of a classification. Pure functions; labels are column numbers of the nine labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def scores_of(logits: npt.NDArray[np.float32], temperature: float) -> Floats:
    """softmax(logits / temperature): [n, 9] to [n, 9]."""
    scaled = logits.astype(np.float64) / temperature
    return np.asarray(np.exp(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True)))


def confusion(truth: Ints, answers: Ints, size: int) -> Ints:
    """Counts [size, size]: rows are the truth, columns the answers."""
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (truth, answers), 1)
    return counts


def recalls(counts: Ints) -> Floats:
    """Recall of each label [size]; NaN where the truth never is that label."""
    rows = counts.sum(axis=1)
    return np.where(rows > 0, np.diag(counts) / np.maximum(rows, 1), np.nan)


def uar(counts: Ints) -> float:
    """Unweighted average recall over the labels that occur."""
    found = recalls(counts)
    return float(found[~np.isnan(found)].mean())


def weighted_accuracy(counts: Ints) -> float:
    """Share of right answers."""
    return float(np.trace(counts) / counts.sum())


def macro_f1(counts: Ints) -> float:
    """Mean F1 = 2 TP / (2 TP + FP + FN) over the labels that occur."""
    right = np.diag(counts)
    both = counts.sum(axis=0) + counts.sum(axis=1)
    occurs = counts.sum(axis=1) > 0
    return float((2 * right[occurs] / both[occurs]).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Confidence against accuracy in equal bins of confidence."""

    confidence: Floats
    """Mean confidence of each bin that holds any clip."""
    accuracy: Floats
    share: Floats
    """Share of all clips."""

    @property
    def ece(self) -> float:
        """Expected calibration error (Guo et al., arXiv 1706.04599)."""
        return float((np.abs(self.confidence - self.accuracy) * self.share).sum())


def reliability(scores: Floats, truth: Ints, bins: int = 15) -> Reliability:
    """Of the top label of scores [n, 9]."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [at == b for b in np.unique(at)]
    return Reliability(
        np.array([confidence[row].mean() for row in rows]),
        np.array([right[row].mean() for row in rows]),
        np.array([row.mean() for row in rows]),
    )


def risk_coverage(scores: Floats, truth: Ints) -> tuple[Floats, Floats]:
    """Coverage [n] and the error [n] among the clips that are answered when the least sure are
    called unknown first."""
    order = np.argsort(-scores.max(axis=1), kind="stable")
    wrong = (scores.argmax(axis=1) != truth)[order]
    answered = np.arange(1, len(wrong) + 1)
    return answered / len(wrong), np.cumsum(wrong) / answered


def error_at(coverage: Floats, risk: Floats, wanted: float) -> float:
    """Error when at least the share `wanted` is answered."""
    return float(risk[min(int(np.searchsorted(coverage, wanted - 1e-12)), len(risk) - 1)])


def confidence_at(scores: Floats, wanted: float) -> float:
    """The least confidence that is answered when the share `wanted` of scores [n, 9] is."""
    confidence = np.sort(scores.max(axis=1))[::-1]
    return float(confidence[max(0, int(np.ceil(wanted * len(confidence) - 1e-9)) - 1)])


def interval(
    figure: Callable[[Ints], float],
    groups: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Confidence interval of `figure(rows)` by drawing whole groups (speakers) with replacement:
    clips of one speaker are alike, so clips drawn one by one would promise too much."""
    names, of = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(of == i) for i in range(len(names))]
    rng = np.random.default_rng(seed)
    values = [
        figure(np.concatenate([members[i] for i in rng.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
