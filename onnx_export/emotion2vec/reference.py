"""FunASR itself as the reference of a parity check."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...models.funasr_engine import FunasrEngine
from ...models.labels import LABELS
from ...models.manifest import Licence, Manifest
from ...models.window import Float32, Window
from ..parity import Run
from .checkpoint import Checkpoint


def reference_run(source: Path, checkpoint: Checkpoint, lengths: Sequence[int]) -> Run:
    """A run that FunASR answers, window by window, from the folder `source`. Raises EngineError."""
    facts = Manifest(
        name=checkpoint.name,
        version="reference",
        graph="model.pt",
        window_samples=lengths[-1],
        lengths=tuple(lengths),
        labels=LABELS,
        known=checkpoint.known,
        feature_dim=checkpoint.config.width,
        licence=Licence(name="", commercial_use=False, notice=""),
    )
    engine = FunasrEngine(source, facts)

    def run(waves: Float32) -> tuple[Float32, Float32]:
        answers = engine.infer(
            [
                Window(leg="parity", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)
                for wave in waves
            ]
        )
        return np.stack([a.logits for a in answers]), np.stack([a.features for a in answers])

    return run
