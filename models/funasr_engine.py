"""FunASR's own implementation behind the Engine protocol: the reference for parity, and for those
who want it (`--model FOLDER` with a checkpoint in FunASR's format).

Slower than the exported graph; needs the extra `export`. FunASR returns frame features, not frame
logits; the head is affine, so logits are computed here from the features with the checkpoint's own
head, and the mean over frames equals FunASR's utterance logits up to rounding.
"""

import contextlib
import io
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .engine import EngineError
from .funasr_folder import funasr_manifest, read_config, read_tokens
from .labels import LABELS, MASKED_LOGIT
from .manifest import Manifest
from .window import Float32, Frames, Window

_SPEC = re.compile(r"[\[\]()0-9,+* ]+")
_DECODER = ".decoder."
"""The training decoder: FunASR builds it, no file holds it, nothing uses it."""


class FunasrEngine:
    """An emotion2vec+ folder in FunASR's format, run window by window on one thread."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._manifest = funasr_manifest(folder)
        _refuse_code(folder / "config.yaml")
        self._threads = threads
        self._model = _load(folder, threads)
        _verify(self._model.model, folder / "model.pt")
        tokens = read_tokens(folder / "tokens.txt")
        head = self._model.model.proj
        if len(head.bias) != len(tokens):
            raise EngineError(
                f"{folder}: expected {len(tokens)} labels, found {len(head.bias)}: "
                "tokens.txt and model.pt do not belong together"
            )
        rows = [tokens.index(label) if label in tokens else 0 for label in LABELS]
        self._weight = head.weight.detach().numpy().astype(np.float64)[rows]
        self._bias = head.bias.detach().numpy().astype(np.float64)[rows]
        self._masked = np.array([label not in tokens for label in LABELS])

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self._manifest

    @property
    def provider(self) -> str:
        """What really computes."""
        return "FunASR, torch CPU"

    def open(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def close(self, leg: str) -> None:
        """Nothing to do: no state for a leg."""

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows one by one. Raises EngineError."""
        return [self._read(window) for window in windows]

    def generate(self, wave: Float32) -> tuple[Float32, Float32]:
        """FunASR's own answer for one wave [S]: scores [L] and frame features [F, D].

        Raises EngineError; also for what FunASR would take without a word: stereo as one long
        signal, samples that are no numbers, or in the steps of int16.
        """
        if wave.ndim != 1 or wave.dtype != np.float32 or not np.isfinite(wave).all():
            raise EngineError(
                f"expected finite float32 samples of shape [S], got {wave.dtype} {wave.shape}"
            )
        if len(wave) < self._manifest.receptive_field or np.abs(wave).max() > 1.0:
            raise EngineError(
                f"expected at least {self._manifest.receptive_field} samples within [-1, 1], got "
                f"{len(wave)}, the largest {np.abs(wave).max(initial=0.0):g}"
            )
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                (answer,) = self._model.generate(
                    wave,
                    key="window",  # without one FunASR draws a random one
                    granularity="frame",
                    extract_embedding=True,
                    ncpu=self._threads,
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


def _refuse_code(config: Path) -> None:
    """FunASR evaluates `feature_encoder_spec` as Python: nothing but numbers may be in it."""
    try:
        spec = str(read_config(config)["modalities"]["audio"]["feature_encoder_spec"])
    except (KeyError, TypeError) as error:
        raise EngineError(f"{config}: not an emotion2vec configuration: {error!r}") from error
    if not _SPEC.fullmatch(spec):
        raise EngineError(f"{config}: feature_encoder_spec: cannot read {spec!r}")


def _verify(model: Any, file: Path) -> None:
    """Every tensor must be the file's: FunASR leaves what does not fit at random numbers."""
    import torch

    try:
        saved = torch.load(file, map_location="cpu", weights_only=True, mmap=True)["model"]
    except Exception as error:  # torch raises many unrelated types for a broken file
        raise EngineError(f"{file}: not plain weights ({type(error).__name__})") from error
    for name, tensor in model.state_dict().items():
        if _DECODER in name:
            continue
        theirs = saved.get(name if name.startswith("proj.") else f"d2v_model.{name}")
        if theirs is None or not torch.equal(theirs.float(), tensor.float()):
            raise EngineError(
                f"{file}: {name} was not loaded: the file, config.yaml and tokens.txt do not "
                "belong together"
            )


def _load(folder: Path, threads: int) -> Any:
    """AutoModel without its side effects: no update check, no bar, no notices, no reseeding."""
    import random

    import torch

    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    level, disabled = logging.root.level, logging.root.manager.disable
    # FunASR tells of every tensor, and log_level has no effect once a library configured logging.
    logging.disable(logging.WARNING)
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
                # A config.yaml could ask for it, and for code of its own.
                trust_remote_code=False,
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
        logging.disable(disabled)
