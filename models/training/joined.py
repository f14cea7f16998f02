"""Chosen layers of one or more Whisper encoders, side by side: what a larger network's head reads.

Different layers, and networks trained on other languages, know different things of a voice; a
linear head weighs them all at once, and stays a head of frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from .corpus import CorpusError
from .ct2 import read_variables
from .encoder import Encoder, EncoderConfig, load_encoder
from .streaming import StreamingEncoder

SIZES: Final = {384: "tiny.en", 512: "base", 768: "small", 1024: "medium", 1280: "large"}
"""What Whisper's encoders of these widths are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An encoder's file, and which of its layers are read."""

    path: Path
    """CTranslate2 file of Whisper of any size: its width is read from it."""
    sha256: str = ""
    """Of the only file that is accepted; any, if empty."""
    layers: tuple[int, ...] = (2,)
    """Counted from 1; those above the highest are cut off."""


class Joined(nn.Module):
    """Waves [B, S] to the chosen layers of several encoders, joined: [B, S // 320, D]."""

    def __init__(self, encoders: Sequence[Encoder], picks: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.picks = tuple(picks)
        """Layers of each encoder, counted from 1."""

    @property
    def width(self) -> int:
        """D."""
        counts = [len(picked) for picked in self.picks]
        return sum(one * count for one, count in zip(self.widths, counts, strict=True))

    @property
    def widths(self) -> tuple[int, ...]:
        """Of each encoder."""
        return tuple(encoder.width for encoder in self.parts)

    @property
    def parts(self) -> list[Encoder]:
        """The encoders."""
        return [encoder for encoder in self.encoders if isinstance(encoder, Encoder)]

    def forward(self, wave: Tensor) -> Tensor:
        """All chosen layers; the spectrum is computed once."""
        mel = self.parts[0].mel(wave)
        found = [
            outputs[layer - 1]
            for outputs, picked in zip(
                (encoder.above(mel) for encoder in self.parts), self.picks, strict=True
            )
            for layer in picked
        ]
        return torch.cat(found, dim=-1)

    def layers(self, wave: Tensor) -> list[Tensor]:
        """What `forward` gives, as one layer."""
        return [self(wave)]


Body = Encoder | Joined | StreamingEncoder
"""What a head on frozen features may read."""


def load_body(parts: Sequence[Part]) -> Encoder | Joined:
    """The layers asked for; the highest one of a single file is that encoder, cut there.

    Raises CorpusError, CheckpointError.
    """
    if not parts:
        raise CorpusError("this training starts from an encoder: --encoder model.bin")
    encoders = [_load(part) for part in parts]
    if len(parts) == 1 and len(parts[0].layers) == 1:
        return encoders[0]
    return Joined(encoders, [part.layers for part in parts]).eval()


def sentence_of(body: Encoder | Joined) -> str:
    """What a card says of it."""
    if isinstance(body, Encoder):
        return (
            f"The first layers of Whisper {_size(body.width)} (MIT, see NOTICE), frozen, and a"
            " linear head."
        )
    told = [
        f"{_listed(picked)} of Whisper {_size(width)}"
        for width, picked in zip(body.widths, body.picks, strict=True)
    ]
    return (
        f"Layers {', '.join(told)} (MIT, see NOTICE), frozen and side by side, under a linear head."
    )


def _size(width: int) -> str:
    return SIZES.get(width, f"of width {width}")


def _listed(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def _load(part: Part) -> Encoder:
    variables = read_variables(part.path, prefix="encoder/", sha256=part.sha256)
    width = len(variables["encoder/conv1/bias"])
    deepest = max(part.layers)
    if min(part.layers) < 1 or f"encoder/layer_{deepest - 1}/ffn/linear_0/weight" not in variables:
        count = sum(name.endswith("/ffn/linear_0/weight") for name in variables)
        raise CorpusError(f"{part.path}: has layers 1 to {count}, not {_listed(part.layers)}")
    return load_encoder(
        variables, EncoderConfig(width=width, heads=max(1, width // 64), layers=deepest)
    )
