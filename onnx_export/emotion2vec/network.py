"""The emotion2vec+ network for inference, written so that it exports to one plain graph.

Same tensors and same numbers as FunASR's implementation (arXiv 2312.15185; the published
configuration), with two differences of form: the convolutional front end is a chain of matrix
products over strided slices (int8 then covers it too), and the ALiBi bias is built from the length,
so that nothing of an earlier call is baked in.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import NetworkConfig


class ConvAsProduct(nn.Module):
    """A 1-D convolution without bias, layer norm over channels, GELU; channels last.

    [B, T, C_in] to [B, (T - kernel) // stride + 1, C_out].
    """

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.product = nn.Linear(kernel * channels_in, channels, bias=False)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Join the kernel's taps along the channels, then one product."""
        frames = (x.shape[1] - self.kernel) // self.stride + 1
        reach = (frames - 1) * self.stride + 1
        taps = [x[:, k : k + reach : self.stride] for k in range(self.kernel)]
        return functional.gelu(self.norm(self.product(torch.cat(taps, dim=-1))))


class PositionalConv(nn.Module):
    """Grouped convolution with zero padding, layer norm without affine, GELU; [B, D, L]."""

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=groups)
        self.even = kernel % 2 == 0

    def forward(self, x: Tensor) -> Tensor:
        """Keep the length: an even kernel gives one frame too many."""
        y = self.conv(x)
        y = y[:, :, :-1] if self.even else y
        y = functional.layer_norm(y.transpose(1, 2), (y.shape[1],)).transpose(1, 2)
        return functional.gelu(y)


class Block(nn.Module):
    """Post-norm transformer block: x = LN(x + attention(x)); x = LN(x + MLP(x))."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        self.scale = (width // config.heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=config.norm_eps)
        self.fc1 = nn.Linear(width, int(width * config.mlp_ratio))
        self.fc2 = nn.Linear(int(width * config.mlp_ratio), width)
        self.norm2 = nn.LayerNorm(width, eps=config.norm_eps)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """`x` [B, T, D], `bias` [1, H, T, T] added to the attention scores."""
        x = self.norm1(x + self._attention(x, bias))
        mlp: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        result: Tensor = self.norm2(x + mlp)
        return result

    def _attention(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        # Bias and softmax in fp32: large biases and small weights both suffer in fp16.
        scores = ((q * self.scale) @ k.transpose(-2, -1)).to(bias.dtype) + bias
        mixed = scores.softmax(dim=-1).to(v.dtype) @ v
        result: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return result


def alibi_slopes(heads: int) -> list[float]:
    """Slopes of ALiBi (arXiv 2108.12409), also where `heads` is no power of two."""
    power = 2 ** math.floor(math.log2(heads))
    start = 2 ** (-8 / power)
    slopes = [start ** (i + 1) for i in range(power)]
    if power == heads:
        return slopes
    return slopes + alibi_slopes(2 * power)[0::2][: heads - power]


class Emotion2vecNetwork(nn.Module):
    """Waveform [B, S] at 16 kHz to logits [B, F, L] and features [B, F, D]; no padding, no mask."""

    slopes: Tensor

    def __init__(self, config: NetworkConfig, labels: int) -> None:
        super().__init__()
        self.config = config
        sizes = [1] + [channels for channels, _, _ in config.conv_layers]
        self.front = nn.ModuleList(
            ConvAsProduct(sizes[i], channels, kernel, stride)
            for i, (channels, kernel, stride) in enumerate(config.conv_layers)
        )
        self.project_norm = nn.LayerNorm(sizes[-1])
        self.project = nn.Linear(sizes[-1], config.width)
        self.positions = nn.ModuleList(
            PositionalConv(config.width, config.position_width, config.position_groups)
            for _ in range(config.position_depth)
        )
        self.extra_tokens = nn.Parameter(torch.zeros(1, config.extra_tokens, config.width))
        self.alibi_scale = nn.Parameter(torch.ones(1, config.heads, 1, 1))
        self.register_buffer(
            "slopes", torch.tensor(alibi_slopes(config.heads)).reshape(1, -1, 1, 1), False
        )
        self.context_norm = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.blocks = nn.ModuleList(
            Block(config) for _ in range(config.prenet_depth + config.depth)
        )
        self.head = nn.Linear(config.width, labels)

    def halve(self) -> "Emotion2vecNetwork":
        """The same network in fp16, what is delicate left in fp32; changes this one.

        fp32 stay: the normaliser's mean and variance over the window, the ALiBi bias, the softmax,
        the head. Layer norms are computed in fp32 from fp16 tensors (ONNX: stash_type 1).
        """
        slopes, scale = self.slopes, self.alibi_scale.data
        self.half()
        self.head.float()
        self.slopes, self.alibi_scale.data = slopes, scale
        return self

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of every frame, in fp32."""
        wanted = self.project.weight.dtype
        x = self._local(self._normalise(wave).unsqueeze(-1).to(wanted))
        bias = self._alibi(x.shape[1])
        x = torch.cat([self.extra_tokens.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.context_norm(x)
        for block in self.blocks:
            x = block(x, bias)
        features = x[:, self.config.extra_tokens :].to(self.head.weight.dtype)
        return self.head(features), features

    @staticmethod
    def _normalise(wave: Tensor) -> Tensor:
        """Zero mean, unit variance over the window (biased, + 1e-5), as layer_norm(x, x.shape)."""
        centred = wave - wave.mean(dim=1, keepdim=True)
        return centred / torch.sqrt((centred * centred).mean(dim=1, keepdim=True) + 1e-5)

    def _local(self, x: Tensor) -> Tensor:
        for layer in self.front:
            x = layer(x)
        x = self.project(self.project_norm(x))
        y = x.transpose(1, 2)
        for layer in self.positions:
            y = layer(y)
        return x + y.transpose(1, 2)

    def _alibi(self, length: int) -> Tensor:
        """Bias [1, H, T, T]; zero in the rows and columns of the extra tokens."""
        at = torch.arange(length, dtype=torch.float32)
        distance = -(at[None, :] - at[:, None]).abs()[None, None]
        bias = distance * self.slopes * self.alibi_scale.clamp_min(0)
        tokens = self.config.extra_tokens
        return functional.pad(bias, (tokens, 0, tokens, 0))
