"""The streaming form of the encoder: only new sound is computed, what is behind it is remembered.

Differences from `encoder.py`, layer for layer:

- Attention reaches a fixed number of frames back and a few ahead; keys and values are kept. All
  layers together look 200 ms ahead at most.
- A position is relative: each head has one vector for every distance, as in Transformer-XL
  (Dai et al., arXiv 1901.02860), so that a frame's numbers do not depend on when the call began.
- The level reference is not the window's: the mean power of the last 0.4 s, held at its peaks and
  released by 2 dB a second.

A `State` carries everything from one call to the next. One call on a whole recording and many on
its pieces give the same numbers: it is one function, and all of its past is in the state.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from .encoder import FFT, LEVEL, MELS, STEP, Block, Encoder, fourier_kernel, mel_filters
from .level import FAR, LOWEST, Level

FRAME: Final = 320
BEHIND: Final = 840
"""Samples before a call's new ones that its first frame still needs."""
UNUSED: Final = 120
"""Newest samples that no complete frame needs yet."""
STEM_DELAY: Final = 1
"""Frames by which the convolutions lag: a frame needs 200 samples behind its own end."""
HANN_POWER: Final = 150.0
"""Sum of the squared Hann window of 400 samples."""
CREST: Final = 0.4
"""log10 of power between speech's held peaks and its mean."""
FLOOR: Final = -6.5
"""log10 of power under the reference at which the spectrum is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamingConfig:
    """Sizes of the streaming encoder."""

    width: int = 384
    heads: int = 6
    back: tuple[int, ...] = (50, 50)
    """Frames that each layer looks back."""
    ahead: tuple[int, ...] = (4, 5)
    """Frames that each layer looks ahead."""
    mean_s: float = 0.4
    """Time constant of the power's mean, in seconds."""
    fall_db: float = 2.0
    """Decibels a second by which the held level falls."""

    @property
    def delay(self) -> int:
        """Frames between the newest sound and the newest answer."""
        return STEM_DELAY + sum(self.ahead)


State = tuple[Tensor, ...]
"""sound [B, 840], level [B, 6], seen [B], then for each layer keys and values
[B, heads, back + ahead, D / heads] and waiting frames [B, ahead, D]."""


class StreamingLogMel(nn.Module):
    """Sound to log-mel under a running level reference."""

    fourier: Tensor
    bands: Tensor

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.from_numpy(fourier_kernel()))
        self.register_buffer("mel", torch.from_numpy(mel_filters()))
        # The same as products of rows: a convolution's rounding depends on how many frames it has.
        fourier = torch.from_numpy(fourier_kernel())[:, 0].T.contiguous()
        self.register_buffer("fourier", fourier, persistent=False)
        bands = torch.from_numpy(mel_filters())
        bands = torch.cat([bands, torch.ones_like(bands[:1])]).T.contiguous()
        self.register_buffer("bands", bands, persistent=False)
        self.level = Level(mean_s=config.mean_s, fall_db=config.fall_db)

    def forward(self, sound: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Sound [B, 320 n + 720] to [B, 2 n + 3, 80]; the level's state.

        The level goes on at the first frame that no earlier call has seen: the three before it are
        read again, under its value of then (`state` [B, 6]: three values and the three last).
        """
        with torch.autocast(sound.device.type, enabled=False):
            return self._exact(sound, state)

    def _exact(self, sound: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        count = (sound.shape[1] - FFT) // STEP + 1
        frames = sound[:, STEP * torch.arange(count)[:, None] + torch.arange(FFT)[None]]
        real, imaginary = (frames @ self.fourier).split(FFT // 2 + 1, dim=2)
        power = (real * real + imaginary * imaginary) @ self.bands
        mean = 2 * power[:, 3:, MELS] / (FFT * HANN_POWER)
        above, level = self.level(mean, state[:, :3])
        above = torch.cat([state[:, 3:], above], 1)
        log = torch.log10(power[:, :, :MELS].clamp_min(1e-12))
        log = log + (2 * math.log10(LEVEL) + CREST - LOWEST) - above[:, :, None]
        return (log.clamp_min(FLOOR) + 4) / 4, torch.cat([level, above[:, -3:]], 1)


class StreamingBlock(nn.Module):
    """One transformer block over a sliding stretch of frames."""

    def __init__(self, width: int, heads: int, back: int, ahead: int) -> None:
        super().__init__()
        self.back, self.ahead = back, ahead
        self.inner = Block(width, heads)
        self.far = nn.Parameter(torch.zeros(back + ahead + 1, heads, width // heads))
        """A vector for each distance, from `back` frames behind to `ahead` before."""

    def forward(
        self, new: Tensor, first: Tensor, keys: Tensor, values: Tensor, waiting: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Frames [B, n, D], the first of them number `first` [B], to [B, n, D], `ahead` earlier."""
        inner, (batch, count, width) = self.inner, new.shape
        heads, size = inner.heads, width // inner.heads

        def split(x: Tensor) -> Tensor:
            return x.reshape(batch, -1, heads, size).transpose(1, 2)

        w_q, w_k, w_v = inner.qkv.weight.chunk(3)
        b_q, b_k, b_v = inner.qkv.bias.chunk(3)
        normed = inner.norm1(new)
        keys = torch.cat([keys, split(functional.linear(normed, w_k, b_k))], 2)
        values = torch.cat([values, split(functional.linear(normed, w_v, b_v))], 2)
        frames = torch.cat([waiting, new], 1)
        x = frames[:, :count]
        query = split(functional.linear(inner.norm1(x), w_q, b_q))
        # Row i looks at keys i .. i + back + ahead: one column of keys for each distance.
        reach = self.back + self.ahead + 1
        columns = torch.arange(count)[:, None] + torch.arange(reach)[None]
        near = _near(query @ keys.transpose(-2, -1), reach) + query @ self.far.permute(1, 2, 0)
        number = first[:, None, None] - (self.back + self.ahead) + columns
        near = (near * size**-0.5).masked_fill(number[:, None] < 0, FAR)
        x = x + inner.out(
            (_spread(near.softmax(-1)) @ values).transpose(1, 2).reshape(batch, count, width)
        )
        x = x + inner.down(functional.gelu(inner.up(inner.norm2(x))))
        kept = self.back + self.ahead
        return x, keys[:, :, -kept:], values[:, :, -kept:], frames[:, count:]


def _convolved(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """A convolution over rows [B, T, C] as one product; kernels of 3, no padding."""
    stop, stride = x.shape[1] - 2, conv.stride[0]
    taps = torch.cat([x[:, tap : stop + tap : stride] for tap in range(3)], 2)
    weight, bias = conv.weight.permute(2, 1, 0).reshape(-1, conv.out_channels), conv.bias
    assert bias is not None
    return taps @ weight + bias


def _near(every: Tensor, reach: int) -> Tensor:
    """Of [B, H, n, n + reach - 1], in row i the columns i .. i + reach - 1: [B, H, n, reach].

    Rows that are one longer begin one further to the right in the same memory: nothing is looked
    up by an index.
    """
    batch, heads, count, width = every.shape
    longer = functional.pad(every.reshape(batch, heads, count * width), (0, count))
    return longer.reshape(batch, heads, count, width + 1)[..., :reach]


def _spread(near: Tensor) -> Tensor:
    """The way back from `_near`, zeros elsewhere."""
    batch, heads, count, reach = near.shape
    width = count + reach - 1
    flat = functional.pad(near, (0, count)).reshape(batch, heads, count * (width + 1))
    return flat[..., : count * width].reshape(batch, heads, count, width)


class StreamingEncoder(nn.Module):
    """Waves [B, 320 n] and a state to features [B, n, D], `delay` frames behind the sound."""

    def __init__(self, config: StreamingConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = StreamingLogMel(config)
        self.conv1 = nn.Conv1d(MELS, config.width, 3)
        self.conv2 = nn.Conv1d(config.width, config.width, 3, stride=2)
        self.place = nn.Parameter(torch.zeros(config.width))
        self.blocks = nn.ModuleList(
            StreamingBlock(config.width, config.heads, back, ahead)
            for back, ahead in zip(config.back, config.ahead, strict=True)
        )

    def forward(self, wave: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Features of frames `seen - delay` .. of the run, then the new state.

        Frames before the run's first are not to be used.
        """
        sound, level, seen = state[:3]
        sound = torch.cat([sound, wave], 1)
        mel, level = self.mel(sound[:, :-UNUSED], level)
        x = self._stem(mel)
        first, layers = seen - STEM_DELAY, []
        for number, block in enumerate(self.blocks):
            x, *layer = block(x, first, *state[3 + 3 * number : 6 + 3 * number])
            first = first - self.config.ahead[number]
            layers += layer
        seen = seen + wave.shape[1] // FRAME
        return (x, sound[:, -BEHIND:], level, seen, *layers)

    def every_layer(self, wave: Tensor, held: Tensor) -> list[Tensor]:
        """Layers' outputs [B, n, D] for whole waves [B, 320 n], silence behind them.

        `held` [B]: the level held before the wave (log10 of power over the lowest one).
        """
        sound, level, first, *layers = self.begin(len(wave))
        level = torch.cat([level[:, :2], held[:, None].expand(-1, 4)], 1)
        silence = torch.zeros(len(wave), self.config.delay * FRAME)
        sound = torch.cat([sound, wave, silence], 1)
        with torch.no_grad():
            mel, _ = self.mel(sound[:, :-UNUSED], level)
        x = self._stem(mel)
        first, lag, count, outputs = first - STEM_DELAY, STEM_DELAY, wave.shape[1] // FRAME, []
        for number, block in enumerate(self.blocks):
            x, *_ = block(x, first, *layers[3 * number : 3 * number + 3])
            first, lag = first - self.config.ahead[number], lag + self.config.ahead[number]
            outputs.append(x[:, lag : lag + count])
        return outputs

    def _stem(self, mel: Tensor) -> Tensor:
        """Log-mel [B, 2 n + 3, 80] to frames [B, n, D], by the convolutions."""
        x = functional.gelu(_convolved(mel, self.conv1))
        return functional.gelu(_convolved(x, self.conv2)) + self.place

    def layers(self, wave: Tensor) -> list[Tensor]:
        """The features of whole waves as a list of one, as `Encoder.layers` gives its layers."""
        return self.every_layer(wave, torch.zeros(len(wave)))[-1:]

    def begin(self, batch: int = 1) -> State:
        """The state before any sound."""
        return tuple(torch.from_numpy(array) for array in first_state(self.config, batch))


def first_state(config: StreamingConfig, batch: int = 1) -> tuple[npt.NDArray[Any], ...]:
    """Arrays of the state before any sound, all zero; shapes as `State`."""
    size = config.width // config.heads
    state: list[npt.NDArray[Any]] = [
        np.zeros((batch, BEHIND), np.float32),
        np.zeros((batch, 6), np.float32),
        np.zeros(batch, np.int64),
    ]
    for back, ahead in zip(config.back, config.ahead, strict=True):
        kept = (batch, config.heads, back + ahead, size)
        state += [np.zeros(kept, np.float32), np.zeros(kept, np.float32)]
        state.append(np.zeros((batch, ahead, config.width), np.float32))
    return tuple(state)


def from_encoder(
    encoder: Encoder, config: StreamingConfig, *, around: int = 75
) -> StreamingEncoder:
    """A streaming encoder that starts as near to a windowed one as it can.

    Its relative vectors are the change of a key when position `around` moves by the distance, by a
    first-order expansion of the layer norm. Training on the windowed features does the rest.
    """
    made = StreamingEncoder(config)
    made.conv1.load_state_dict(encoder.conv1.state_dict())
    made.conv2.load_state_dict(encoder.conv2.state_dict())
    position = encoder.position
    with torch.no_grad():
        made.place.copy_(position[20:130].mean(0))
        for block, inner in zip(made.blocks, encoder.blocks, strict=True):
            assert isinstance(block, StreamingBlock)
            assert isinstance(inner, Block)
            block.inner.load_state_dict(inner.state_dict())
            width = config.width
            moved = position[around - block.back : around + block.ahead + 1] - position[around]
            moved = (moved - moved.mean(1, keepdim=True)) * inner.norm1.weight
            block.far.copy_(
                (moved @ inner.qkv.weight[width : 2 * width].T).reshape(block.far.shape)
            )
    return made


def names_of(config: StreamingConfig) -> tuple[str, ...]:
    """Names of the state's arrays in the graph."""
    layers = range(len(config.back))
    kinds = ("keys", "values", "waiting")
    return ("sound", "level", "seen", *(f"{kind}_{i}" for i in layers for kind in kinds))


def load_streaming(state: Mapping[str, Tensor], config: StreamingConfig) -> StreamingEncoder:
    """A streaming encoder with trained weights."""
    encoder = StreamingEncoder(config)
    encoder.load_state_dict(dict(state))
    return encoder.eval()
