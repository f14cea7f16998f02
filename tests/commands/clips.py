"""Labelled clips of two voices, made in the test."""

from pathlib import Path

import soundfile
from tests.stream.sound import RATE, voice


def clips(folder: Path, *, count: int = 4, seconds: float = 2.0) -> Path:
    """Write clips and return their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path,corpus,speaker,label"]
    for speaker in ("ann", "bob"):
        for number in range(count):
            name = f"{speaker}{number}.wav"
            soundfile.write(folder / name, voice(seconds), RATE)
            label = ("angry", "neutral", "sad", "fearful")[number % 4]
            rows.append(f"{name},made,{speaker},{label}")
    target = folder / "clips.csv"
    target.write_text("\n".join(rows))
    return target
