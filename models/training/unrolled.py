"""The streaming network as one that reads windows: the same weights, the windowed contract."""

import torch
from torch import Tensor, nn

from .streaming import FRAME, first_state
from .streaming_graph import StreamingCompact


class Unrolled(nn.Module):
    """Waves [B, S] to logits [B, F, 9] and features [B, F, D], F = S // 320.

    Nothing was heard before a window, and silence follows it. So a window's numbers are those of a
    call that begins and ends with it, but for its last 200 ms, which hear silence where a call
    goes on.
    """

    def __init__(self, network: StreamingCompact) -> None:
        super().__init__()
        self.network = network

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Frame logits and the features under the head."""
        config = self.network.encoder.config
        batch, count = wave.shape[0], wave.shape[1] // FRAME
        state = (
            torch.zeros((batch, *array.shape[1:]), dtype=torch.from_numpy(array).dtype)
            for array in first_state(config)
        )
        silence = torch.zeros((batch, config.delay * FRAME))
        logits, features, *_ = self.network(
            torch.cat([wave[:, : count * FRAME], silence], 1), *state
        )
        return logits[:, config.delay :], features[:, config.delay :]
