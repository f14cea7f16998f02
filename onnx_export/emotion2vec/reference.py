"""FunASR itself as the reference of a parity check."""

from pathlib import Path

import numpy as np

from ...models.funasr_engine import FunasrEngine
from ...models.window import Float32, Window
from ..parity import Run


def reference_run(source: Path) -> Run:
    """A run that FunASR answers, window by window, from the folder `source`. Raises EngineError."""
    engine = FunasrEngine(source)

    def run(waves: Float32) -> tuple[Float32, Float32]:
        answers = engine.infer(
            [
                Window(leg="parity", start_frame=0, samples=wave, speech=1.0, captured_at=0.0)
                for wave in waves
            ]
        )
        return np.stack([a.logits for a in answers]), np.stack([a.features for a in answers])

    return run
