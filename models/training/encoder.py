"""The low layers of a Whisper encoder, waveform in, 50 frames a second out.

Front end and blocks after Radford et al., "Robust Speech Recognition via Large-Scale Weak
Supervision" (arXiv 2212.04356), weights MIT. Differences: no padding to 30 s (only the first rows
of the position table are used), the window's level is normalised first (a supervisor must not see
other emotions for a quieter line), and the upper layers, which know words rather than voices, are
cut off.
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

FFT: Final = 400
STEP: Final = 160
MELS: Final = 80
LEVEL: Final = 0.05
"""RMS to which a window is brought."""
QUIET: Final = 1e-4
"""Windows below this RMS (-80 dBFS) are not brought up further: silence stays silence."""


def mel_filters() -> npt.NDArray[np.float32]:
    """Triangular filters [80, 201] on the Slaney scale, area-normalised (Slaney 1998).

    Linear below 1 kHz (200/3 Hz a mel), logarithmic above (27 mels from 1 to 6.4 kHz).
    """
    step, knee = 200 / 3, 15.0
    log_step = math.log(6.4) / 27
    top = knee + math.log(8000 / 1000) / log_step
    mels = np.linspace(0, top, MELS + 2)
    edges = np.where(mels < knee, mels * step, 1000 * np.exp(log_step * (mels - knee)))
    bins = np.arange(FFT // 2 + 1) * 16000 / FFT
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    weights = np.maximum(0, np.minimum(rise, fall))
    return np.asarray(weights * (2 / (edges[2:] - edges[:-2]))[:, None], dtype=np.float32)


def fourier_kernel() -> npt.NDArray[np.float32]:
    """Hann-windowed DFT as a convolution kernel [402, 1, 400]: cosines, then sines."""
    n = np.arange(FFT)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / FFT)
    angle = 2 * np.pi * np.outer(np.arange(FFT // 2 + 1), n) / FFT
    kernel = np.concatenate([np.cos(angle) * hann, -np.sin(angle) * hann])
    return np.asarray(kernel[:, None], dtype=np.float32)


class LogMel(nn.Module):
    """Waves [B, S] to log-mel [B, 80, S // 160], scaled as Whisper's."""

    kernel: Tensor
    mel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.from_numpy(fourier_kernel()))
        self.register_buffer("mel", torch.from_numpy(mel_filters()))

    def forward(self, wave: Tensor) -> Tensor:
        """Level, spectrum, mel, logarithm clamped 8 decades under the window's maximum."""
        # A Fourier transform in half precision has a floor that the logarithm makes loud.
        with torch.autocast(wave.device.type, enabled=False):
            return self._exact(wave)

    def _exact(self, wave: Tensor) -> Tensor:
        level = torch.sqrt((wave * wave).mean(dim=1, keepdim=True))
        wave = wave * (LEVEL / level.clamp_min(QUIET))
        padded = functional.pad(wave[:, None], (FFT // 2, FFT // 2), mode="reflect")
        spectrum = functional.conv1d(padded, self.kernel, stride=STEP)[:, :, :-1]
        real, imaginary = spectrum.split(FFT // 2 + 1, dim=1)
        power = self.mel @ (real * real + imaginary * imaginary)
        log = torch.log10(power.clamp_min(1e-10))
        peak = log.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(log, peak - 8.0) + 4.0) / 4.0


class Block(nn.Module):
    """Pre-norm transformer block without mask."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] to the same."""
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderConfig:
    """Sizes of the cut encoder."""

    width: int = 384
    heads: int = 6
    layers: int = 2
    positions: int = 150
    """Frames of the longest window: 3 s."""


class Encoder(nn.Module):
    """Waves [B, S] to the outputs of the chosen number of layers [B, S // 320, D]."""

    position: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel()
        self.conv1 = nn.Conv1d(MELS, config.width, 3, padding=1)
        self.conv2 = nn.Conv1d(config.width, config.width, 3, stride=2, padding=1)
        self.register_buffer("position", torch.zeros(config.positions, config.width))
        self.blocks = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.layers))

    def forward(self, wave: Tensor) -> Tensor:
        """The last kept layer."""
        return self.layers(wave)[-1]

    @property
    def width(self) -> int:
        """D."""
        return self.config.width

    def layers(self, wave: Tensor) -> list[Tensor]:
        """The output of every kept layer."""
        return self.above(self.mel(wave))

    def above(self, mel: Tensor) -> list[Tensor]:
        """The same from a spectrum [B, 80, T] of `LogMel`, which encoders of all sizes share."""
        x = functional.gelu(self.conv1(mel))
        x = functional.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.position[: x.shape[1]]
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return outputs


def load_encoder(variables: Mapping[str, npt.NDArray[Any]], config: EncoderConfig) -> Encoder:
    """An encoder with the weights of a CTranslate2 Whisper file (`encoder/...` names)."""
    state: dict[str, Tensor] = {}

    def put(ours: str, theirs: str) -> None:
        state[ours] = torch.from_numpy(np.array(variables[f"encoder/{theirs}"], np.float32))

    for name in ("conv1", "conv2"):
        put(f"{name}.weight", f"{name}/weight")
        put(f"{name}.bias", f"{name}/bias")
    put("position", "position_encodings/encodings")
    state["position"] = state["position"][: config.positions]
    names = {
        "norm1": "self_attention/layer_norm",
        "qkv": "self_attention/linear_0",
        "out": "self_attention/linear_1",
        "norm2": "ffn/layer_norm",
        "up": "ffn/linear_0",
        "down": "ffn/linear_1",
    }
    for i in range(config.layers):
        for ours, theirs in names.items():
            weight, bias = ("gamma", "beta") if "norm" in ours else ("weight", "bias")
            put(f"blocks.{i}.{ours}.weight", f"layer_{i}/{theirs}/{weight}")
            put(f"blocks.{i}.{ours}.bias", f"layer_{i}/{theirs}/{bias}")
    encoder = Encoder(config)
    buffers = {
        name: value for name, value in encoder.state_dict().items() if name.startswith("mel.")
    }
    encoder.load_state_dict(state | buffers)
    return encoder.eval()
