"""A small checkpoint of the true architecture with random weights, in FunASR's format."""

import dataclasses
from pathlib import Path

from tonewatch.onnx_export.emotion2vec.random_weights import SIZES, TOKENS, write_checkpoint

__all__ = ["TOKENS", "checkpoint"]


def checkpoint(folder: Path, *, tokens: str = TOKENS, seed: int = 0, **sizes: int) -> Path:
    """Write the four files; `sizes` replace those of the tiny network."""
    tiny = dataclasses.replace(SIZES["tiny"], **sizes)
    return write_checkpoint(folder, tiny, tokens=tokens, seed=seed)
