"""Architectures behind one interface: waves [B, S] to frame logits [B, F, 9] and features."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ..labels import LABELS, MASKED_LOGIT, Label
from .classic import Classic
from .corpus import CorpusError
from .encoder import Encoder
from .graph import Compact, widths_of
from .head import Head
from .joined import Joined

Architecture = Literal["whisper", "bilstm"]
ARCHITECTURES: Final[dict[Architecture, str]] = {
    "whisper": "The first layers of Whisper tiny.en (MIT, see NOTICE), trained on, and a linear"
    " head.",
    "bilstm": "A bidirectional LSTM with attention over means and deviations of 13 MFCCs and the"
    " spectral centroid.",
}
"""What a model card says of each."""


class Network(nn.Module):
    """Any body with this interface, and the labels that it may claim."""

    mask: Tensor

    def __init__(self, body: nn.Module, width: int, known: Sequence[Label]) -> None:
        super().__init__()
        self.body = body
        self.width = width
        """D of the features."""
        hidden = [0.0 if label in known else MASKED_LOGIT for label in LABELS]
        self.register_buffer("mask", torch.tensor(hidden))

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Frame logits [B, F, 9] without mass on unknown labels, and features [B, F, D]."""
        logits, features = self.body(wave)
        return logits + self.mask, features


def build(
    architecture: Architecture, known: Sequence[Label], encoder: Encoder | Joined | None
) -> Network:
    """A network to be trained; `whisper` starts from an encoder. Raises CorpusError."""
    if architecture == "bilstm":
        classic = Classic()
        return Network(classic, classic.width, known)
    if encoder is None:
        raise CorpusError("the architecture `whisper` starts from an encoder: --encoder model.bin")
    width = encoder.width
    rng = np.random.default_rng(0)
    weight = (0.01 * rng.standard_normal((len(LABELS), width))).astype(np.float32)
    head = Head(weight=weight, bias=np.zeros(len(LABELS), np.float32))
    return Network(Compact(encoder, head), width, known)


def encoder_widths(network: Network) -> tuple[int, ...]:
    """Widths of a Whisper body's encoders, whose weights can be stored small; none of another."""
    body: Any = network.body
    return widths_of(body.encoder) if isinstance(body, Compact) else ()
