"""A Whisper encoder of a few kilobytes and made-up clips, written by the test that needs them."""

import csv
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from tonewatch.models.labels import Label

WIDTH, HEADS, LAYERS, POSITIONS = 16, 2, 2, 150


def variables(seed: int = 0, width: int = WIDTH) -> dict[str, npt.NDArray[Any]]:
    """Random weights under the names of a CTranslate2 Whisper file."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> npt.NDArray[np.float32]:
        return (rng.standard_normal(shape) * 0.2).astype(np.float32)

    found = {
        "encoder/conv1/weight": draw(width, 80, 3),
        "encoder/conv1/bias": draw(width),
        "encoder/conv2/weight": draw(width, width, 3),
        "encoder/conv2/bias": draw(width),
        "encoder/position_encodings/encodings": draw(POSITIONS + 10, width),
    }
    for i in range(LAYERS):
        layer = f"encoder/layer_{i}"
        for norm in ("self_attention/layer_norm", "ffn/layer_norm"):
            found[f"{layer}/{norm}/gamma"] = 1 + draw(width)
            found[f"{layer}/{norm}/beta"] = draw(width)
        for name, rows, columns in (
            ("self_attention/linear_0", 3 * width, width),
            ("self_attention/linear_1", width, width),
            ("ffn/linear_0", 4 * width, width),
            ("ffn/linear_1", width, 4 * width),
        ):
            found[f"{layer}/{name}/weight"] = draw(rows, columns)
            found[f"{layer}/{name}/bias"] = draw(rows)
    return found


def write_ct2(path: Path, values: dict[str, npt.NDArray[Any]]) -> Path:
    """The file form that `read_variables` reads; arrays are float32 or float16."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(values))]
    for name, array in values.items():
        kind = {np.dtype(np.float32): 0, np.dtype(np.float16): 4}[array.dtype]
        parts += [text(name), struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)]
        parts += [struct.pack("<BI", kind, array.nbytes), array.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def voice(label: int, speaker: int, *, seconds: float = 1.0, seed: int = 0) -> Any:
    """A harmonic tone [S] whose pitch is the label's and whose timbre is the speaker's."""
    rng = np.random.default_rng([label, speaker, seed])
    t = np.arange(int(seconds * 16_000)) / 16_000
    pitch = 110 * 1.5**label
    wave = sum(
        np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) * 0.8 ** (k * (1 + speaker % 3))
        for k in range(1, 6)
    )
    wave = 0.05 * wave + 0.002 * rng.standard_normal(len(t))
    return np.asarray(wave, np.float32)


def write_corpus(
    folder: Path,
    *,
    labels: tuple[Label, ...] = ("angry", "fearful", "neutral"),
    speakers: int = 2,
    corpora: tuple[str, ...] = ("first", "second"),
) -> Path:
    """Corpora of tones with `speakers` each and two clips a label; returns the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "corpus", "speaker", "label", "license", "role"])
        for corpus in corpora:
            for speaker in range(speakers):
                for number, label in enumerate(labels):
                    for take in range(2):
                        name = f"{corpus}_{speaker}_{label}_{take}.wav"
                        soundfile.write(folder / name, voice(number, speaker, seed=take), 16_000)
                        row = [name, corpus, f"{corpus}_{speaker}", label, "own", "eval"]
                        writer.writerow(row)
    return folder / "clips.csv"
