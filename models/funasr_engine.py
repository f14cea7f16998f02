"""FunASR's own implementation behind the Engine protocol: the reference for parity.

Slower than the exported graph; needs the extra `export`. FunASR returns frame features, not frame
logits; the head is affine, so logits are computed here from the features with the checkpoint's own
head, and the mean over frames equals FunASR's utterance logits up to rounding.
"""

import contextlib
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .engine import EngineError
from .labels import LABELS, MASKED_LOGIT
from .manifest import Manifest
from .window import Float32, Frames, Window

FILES = ("model.pt", "config.yaml", "configuration.json", "tokens.txt")


class FunasrEngine:
    """An emotion2vec+ folder in FunASR's format, run window by window on one thread."""

    def __init__(self, folder: Path, manifest: Manifest, *, threads: int = 1) -> None:
        missing = [file for file in FILES if not (folder / file).is_file()]
        if missing:
            # FunASR would take the path for a hub name, or fill the network with random numbers.
            raise EngineError(f"{folder}: {', '.join(missing)} missing")
        self._manifest = manifest
        self._threads = threads
        self._model = _load(folder, threads)
        head = self._model.model.proj
        self._weight = head.weight.detach().numpy().astype(np.float64)
        self._bias = head.bias.detach().numpy().astype(np.float64)
        if len(self._bias) != len(LABELS):
            raise EngineError(
                f"{folder}: expected {len(LABELS)} labels, found {len(self._bias)}: "
                "tokens.txt and model.pt do not belong together"
            )
        self._masked = np.array([label not in manifest.known for label in LABELS])

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self._manifest

    @property
    def provider(self) -> str:
        """What really computes."""
        return "torch CPU"

    def open(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def close(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows one by one. Raises EngineError."""
        return [self._read(window) for window in windows]

    def generate(self, wave: Float32) -> tuple[Float32, Float32]:
        """FunASR's own answer for one wave [S]: scores [L] and frame features [F, D]."""
        if wave.ndim != 1 or not np.isfinite(wave).all():
            raise EngineError("expected finite samples of shape [S]")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                (answer,) = self._model.generate(
                    wave, granularity="frame", extract_embedding=True, ncpu=self._threads
                )
        except Exception as error:  # FunASR and torch raise many unrelated types
            raise EngineError(f"FunASR: {error}") from error
        return np.asarray(answer["scores"], np.float32), np.asarray(answer["feats"], np.float32)

    def _read(self, window: Window) -> Frames:
        _, features = self.generate(window.samples)
        logits = (features.astype(np.float64) @ self._weight.T + self._bias).astype(np.float32)
        return Frames(
            leg=window.leg,
            start_frame=window.start_frame,
            logits=np.where(self._masked, np.float32(MASKED_LOGIT), logits),
            features=features,
            captured_at=window.captured_at,
            warming_up=window.warming_up,
        )


def _load(folder: Path, threads: int) -> Any:
    """AutoModel without its side effects: no update check, no bar, no notices, no reseeding."""
    import random

    import torch

    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    level = logging.root.level
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            from funasr import AutoModel

            return AutoModel(
                model=str(folder),
                disable_update=True,
                disable_pbar=True,
                device="cpu",
                ncpu=threads,
                log_level="ERROR",
            )
    except ImportError as error:
        raise EngineError(
            f"FunASR is not installed ({error}): pip install 'tonewatch[export]'"
        ) from error
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
        torch.set_rng_state(state[2])
        logging.root.setLevel(level)
