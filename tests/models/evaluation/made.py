"""Labelled clips made in the test, and an engine whose features tell their labels."""

import csv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from tonewatch.models.labels import LABELS, MASKED_LOGIT, Label
from tonewatch.models.manifest import Licence, Manifest
from tonewatch.models.window import Frames, Window

KNOWN: tuple[Label, ...] = ("disgusted", "fearful", "happy", "neutral")
PITCH = {"disgusted": 200.0, "fearful": 900.0, "happy": 450.0, "neutral": 1600.0}
BANDS = np.array([100, 300, 600, 1200, 2500])


class BandEngine:
    """Features: log power in four bands of each frame; logits: weak hints from them."""

    provider = "script"

    def __init__(self) -> None:
        self.read = 0
        self.manifest = Manifest(
            name="bands",
            version="1",
            graph="none.onnx",
            sha256="c" * 64,
            window_samples=48_000,
            lengths=(16_000, 32_000, 48_000),
            labels=LABELS,
            known=KNOWN,
            feature_dim=4,
            licence=Licence(name="none", commercial_use=True, notice=""),
        )

    def open(self, leg: str) -> None:
        pass

    def close(self, leg: str) -> None:
        pass

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        self.read += len(windows)
        return [self._answer(window) for window in windows]

    def _answer(self, window: Window) -> Frames:
        spectrum = np.abs(np.fft.rfft(window.samples.reshape(-1, 320), axis=1)) ** 2
        places = np.fft.rfftfreq(320, 1 / 16_000)
        features = np.stack(
            [
                np.log10(spectrum[:, (places >= low) & (places < high)].sum(axis=1) + 1e-4)
                for low, high in pairwise(BANDS)
            ],
            axis=1,
        ).astype(np.float32)
        logits = np.full((len(features), len(LABELS)), MASKED_LOGIT, np.float32)
        for band, label in enumerate(("disgusted", "happy", "fearful", "neutral")):
            logits[:, LABELS.index(label)] = features[:, band]
        return Frames(
            leg=window.leg,
            start_frame=window.start_frame,
            logits=logits,
            features=features,
            captured_at=window.captured_at,
        )


def corpus(folder: Path, speakers: int = 4, each: int = 2) -> Path:
    """A manifest of tones: each label has its pitch, each speaker a loudness."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    time = np.arange(20_000) / 16_000
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "corpus", "speaker", "label"])
        for speaker in range(speakers):
            for label, pitch in PITCH.items():
                for number in range(each):
                    name = f"{speaker}_{label}_{number}.wav"
                    tone = np.sin(2 * np.pi * pitch * rng.uniform(0.95, 1.05) * time)
                    wave = 0.05 * (speaker + 1) * tone + 0.01 * rng.standard_normal(len(time))
                    soundfile.write(folder / name, wave, 16_000)
                    writer.writerow([name, "made", f"s{speaker}", label])
    return folder / "clips.csv"
