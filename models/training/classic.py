"""The classic baseline: a bidirectional LSTM with attention over 27 values of each segment.

The values are means and standard deviations of 13 MFCCs and the mean spectral centroid over half a
second around each 20 ms frame, computed inside the network from the waveform.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..labels import LABELS
from .encoder import MELS, LogMel

COEFFICIENTS = 13
VALUES = 2 * COEFFICIENTS + 1
AROUND = 51
"""Steps of 10 ms in a segment."""


def cosines() -> Tensor:
    """Orthonormal DCT-II [13, 80] from log-mel bands to MFCCs (Davis and Mermelstein 1980)."""
    k, n = np.arange(COEFFICIENTS)[:, None], np.arange(MELS)[None]
    table = np.cos(math.pi * k * (2 * n + 1) / (2 * MELS)) * math.sqrt(2 / MELS)
    table[0] /= math.sqrt(2)
    return torch.from_numpy(table.astype(np.float32))


class Values(nn.Module):
    """Waves [B, S] to the values of the segment around each frame [B, S // 320, 27]."""

    table: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel()
        self.register_buffer("table", cosines())
        self.register_buffer("bands", torch.linspace(-1, 1, MELS)[None, :, None])

    def forward(self, wave: Tensor) -> Tensor:
        """Level normalised, so that a quieter line has the same values."""
        mel = self.mel(wave)
        power = torch.pow(10.0, 4.0 * mel - 4.0)
        centroid = (power * self.bands).sum(1, keepdim=True) / power.sum(1, keepdim=True)
        coefficients = self.table @ mel
        mean = _around(torch.cat([coefficients, centroid], 1))
        square = _around(coefficients * coefficients)
        spread = (square - mean[:, :COEFFICIENTS] ** 2).clamp_min(1e-6).sqrt()
        return torch.cat([mean, spread], 1).transpose(1, 2)


def _around(values: Tensor) -> Tensor:
    """Mean over the segment around every second step: [B, C, 2 F] to [B, C, F]."""
    return functional.avg_pool1d(values, AROUND, 2, AROUND // 2, count_include_pad=False)


class Classic(nn.Module):
    """Waves [B, S] to logits [B, F, 9] and features [B, F, 2 H].

    Attention is folded into the frames: the plain mean of a window's frame logits is the logit that
    attention pooling gives, so the curve and the utterance agree.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.values = Values()
        self.register_buffer("centre", torch.zeros(VALUES))
        self.register_buffer("spread", torch.ones(VALUES))
        self.lstm = nn.LSTM(VALUES, hidden, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(self.width, 1)
        self.head = nn.Linear(self.width, len(LABELS))

    def measure(self, waves: Tensor) -> None:
        """Bring the values to mean 0 and deviation 1 as they are in `waves` [B, S]."""
        with torch.no_grad():
            values = self.values(waves).flatten(0, 1)
            self.centre.copy_(values.mean(0))
            self.spread.copy_(values.std(0) + 1e-3)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Frame logits and the LSTM's outputs."""
        values = (self.values(wave) - self.centre) / self.spread
        features, _ = self.lstm(values)
        attention = self.attention(features).softmax(1) * features.shape[1]
        return self.head(features * attention), features
