"""The linear head on pooled features: balanced, masked multinomial logistic regression.

Mean pooling and a linear layer commute, so the head that is fitted on means is a head of frames:
the mean of its frame logits is the clip's logit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..labels import LABELS, MASKED_LOGIT
from ..window import Float32
from .corpus import Clip

Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """logits = features @ weight.T + bias, on features as the encoder gives them."""

    weight: Float32
    """Shape [9, D]; rows of unknown labels are zero."""
    bias: Float32
    """Shape [9]; MASKED_LOGIT for unknown labels."""

    def logits(self, features: Float32) -> Float32:
        """[n, D] to [n, 9]."""
        return np.asarray(features @ self.weight.T + self.bias, np.float32)


def label_masks(clips: Sequence[Clip]) -> Bool:
    """Which labels each clip's corpus has at all: [n, 9]. A corpus without disgust says nothing
    about disgust, so the label is left out of its clips' softmax rather than counted against it."""
    held = {corpus: {c.label for c in clips if c.corpus == corpus} for corpus in _corpora(clips)}
    return np.array([[label in held[clip.corpus] for label in LABELS] for clip in clips])


def balanced_weights(clips: Sequence[Clip]) -> Float64:
    """Weights [n], mean 1: corpora equal, and labels equal within a corpus.

    A large corpus must not decide what a voice is: equal corpora read unseen ones no worse.
    """
    weights = np.zeros(len(clips))
    for corpus in _corpora(clips):
        rows = [i for i, clip in enumerate(clips) if clip.corpus == corpus]
        labels = [clips[i].label for i in rows]
        counts = {label: labels.count(label) for label in set(labels)}
        for i in rows:
            weights[i] = 1 / (len(counts) * counts[clips[i].label])
    return np.asarray(weights * len(clips) / weights.sum())


def _corpora(clips: Sequence[Clip]) -> list[str]:
    return sorted({clip.corpus for clip in clips})


def fit_head(
    features: Float32,
    targets: npt.NDArray[np.int64],
    masks: Bool,
    weights: Float64,
    *,
    penalty: float = 1e-3,
    steps: int = 60,
) -> Head:
    """Fit on features [n, D], targets [n], allowed labels [n, 9] and weights [n].

    Features are standardised while fitting; the returned head takes them as they are. `penalty` is
    the L2 strength on standardised weights. Labels that no row has get no mass.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = torch.from_numpy((features - mean) / scale)
    y, w = torch.from_numpy(targets), torch.from_numpy(weights.astype(np.float32))
    hidden = torch.from_numpy(~masks)
    weight = torch.zeros(len(LABELS), x.shape[1], requires_grad=True)
    bias = torch.zeros(len(LABELS), requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = (x @ weight.T + bias).masked_fill(hidden, MASKED_LOGIT)
        losses = torch.nn.functional.cross_entropy(logits, y, reduction="none")
        loss = (losses * w).mean() + penalty * (weight * weight).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    raw = (weight.detach().numpy() / scale).astype(np.float32)
    shift = (bias.detach().numpy() - raw @ mean).astype(np.float32)
    known = np.isin(np.arange(len(LABELS)), targets)
    return Head(
        weight=np.where(known[:, None], raw, np.float32(0)),
        bias=np.where(known, shift, np.float32(MASKED_LOGIT)),
    )
