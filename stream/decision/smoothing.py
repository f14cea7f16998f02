"""The causal mean of a leg's newest speech frames, the same bits under any chunking."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ...models.labels import LABELS
from ...models.window import Float32
from .arrays import Bool, Float64, Int64, chosen

STEPS: Final = 2.0**24
"""Steps of one logit. Sums of integers do not depend on their order, sums of floats do: logits are
added in steps of 6e-8, less than a float32 logit above 0.5 can express."""


def to_steps(logits: Float32) -> Int64:
    """Logits in integer steps."""
    steps: Int64 = np.rint(logits.astype(np.float64) * STEPS).astype(np.int64)
    return steps


class Smoother:
    """Mean of the newest `span` speech frames, forgotten after `forget` frames without speech."""

    def __init__(self, span: int, forget: int) -> None:
        self._span = span
        self._forget = forget
        self._past: Int64 = np.zeros((0, len(LABELS)), np.int64)
        self._silent = 0

    def push(self, logits: Float32, kept: Bool, settled: int) -> Float64:
        """Means [k, 9] for the k kept frames of `logits` [n, 9], `kept` [n].

        Only the first `settled` frames are remembered; those behind them are read as if they
        followed, and come again.
        """
        places = np.flatnonzero(kept)
        past = len(self._past)
        rows = np.concatenate([self._past, to_steps(chosen(logits, kept))])
        order = np.arange(past, len(rows))
        pauses = np.diff(places, prepend=-1 - self._silent) - 1
        first = np.maximum.accumulate(np.where(pauses >= self._forget, order, 0))
        first = np.maximum(first, order + 1 - self._span)
        totals = np.zeros((len(rows) + 1, len(LABELS)), np.int64)
        np.cumsum(rows, axis=0, out=totals[1:])
        counts = order + 1 - first
        means = (totals[past + 1 :] - totals.take(first, axis=0)) / (counts * STEPS)[:, None]
        self._remember(rows, places, first, past, settled)
        return np.asarray(means, np.float64)

    def _remember(
        self, rows: Int64, places: npt.NDArray[np.intp], first: Int64, past: int, settled: int
    ) -> None:
        done = int(np.count_nonzero(places < settled))
        if not done:
            self._silent += settled
            return
        stop = past + done
        self._past = rows[max(int(first[done - 1]), stop - self._span + 1) : stop]
        self._silent = settled - 1 - int(places[done - 1])
