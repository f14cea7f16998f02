"""An engine whose answers can be reckoned by hand."""

from collections.abc import Sequence

import numpy as np

from tonewatch.models.labels import LABELS, MASKED_LOGIT, Label
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.models.window import Frames, Window


class ScriptedEngine:
    """Logits: angry the mean of the frame, disgusted its negative, neutral 0.3, fearful 0.1."""

    provider = "script"

    def __init__(self, *, fail: bool = False, trained: Sequence[str] = ()) -> None:
        known: tuple[Label, ...] = ("angry", "disgusted", "fearful", "neutral")
        self.fail = fail
        self.calls: list[str] = []
        self.manifest = Manifest(
            name="scripted",
            version="1",
            graph="none.onnx",
            window_samples=48_000,
            lengths=(16_000, 24_000, 32_000, 48_000),
            labels=LABELS,
            known=known,
            feature_dim=1,
            licence=Licence(name="none", commercial_use=True, notice=""),
            accuracy={"trained_speakers": list(trained)},
        )

    def open(self, leg: str) -> None:
        self.calls.append("open")

    def close(self, leg: str) -> None:
        self.calls.append("close")

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.calls.append("infer")
        if self.fail:
            raise RuntimeError("scripted")
        return [self._answer(window) for window in windows]

    def _answer(self, window: Window) -> Frames:
        level = window.samples.reshape(-1, 320).mean(axis=1)
        logits = np.full((len(level), len(LABELS)), MASKED_LOGIT, np.float32)
        logits[:, LABELS.index("angry")] = level
        logits[:, LABELS.index("fearful")] = 0.1
        logits[:, LABELS.index("disgusted")] = -level
        logits[:, LABELS.index("neutral")] = 0.3
        return Frames(
            leg=window.leg,
            start_frame=window.start_frame,
            logits=logits,
            features=level[:, None].astype(np.float32),
            captured_at=window.captured_at,
        )
