"""Headers of the files that grow while a session runs: WAV for sound, .npy for numbers.

Both are fixed in length, so that a growing file's header can be written again in place. Sources:
RIFF/WAVE (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0") and
the .npy format, version 1.0 (numpy.lib.format).
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...models.grid import FRAME_SAMPLES, SAMPLE_RATE

SAMPLE_BYTES = 2
AUDIO_RECORD = FRAME_SAMPLES * SAMPLE_BYTES
"""Bytes of one 20 ms frame of 16 kHz int16 sound."""
WAV_HEADER = 44
_WAV_LIMIT = 0xFFFFFFFF - WAV_HEADER

HEARD, SPEECH = 1, 2
"""Bits of a flag byte, one for each frame. 0 is a gap: what was never written reads as one."""

FRAME = np.dtype(
    [
        ("state", "u1"),
        ("emotion", "i1"),
        ("logits", "<f4", 9),
        ("scores", "<f4", 9),
        ("fear", "<f4"),
        ("disgust", "<f4"),
        ("confidence", "<f4"),
    ]
)
"""One settled frame. `state`: bits ESTIMATE, SPEECH and POOR; 0, what was never written, is a hole.
`emotion`: index into LABELS, -1 without a reading. `logits`: fused, raw. `scores`: smoothed
probabilities. `fear` and `disgust`: independent scores in points. `confidence`: 0 to 1. NaN where
there is no reading."""
ESTIMATE, POOR = 1, 4
"""Bits of a frame's state beside SPEECH: a window read it; its audio was too poor to say."""
WINDOW = np.dtype("<i4")
WINDOW_COLUMNS = 3
"""An answer of the engine: first frame, first frame behind, how far the audio was
doubted (1 where it was poor, plus twice the percents taken from the confidence)."""
FEATURE = np.dtype("<f4")
"""One component of a feature vector."""

_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_ALIGN = 64
_MOST_ROWS = 10**15


def wav_header(frames: int) -> bytes:
    """The 44 bytes before `frames` 20 ms frames of mono 16 kHz PCM16."""
    data = frames * AUDIO_RECORD
    if data > _WAV_LIMIT:
        raise OSError(f"a WAV file holds at most 37 hours of sound, got {frames} frames of 20 ms")
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        WAV_HEADER - 8 + data,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        SAMPLE_RATE,
        SAMPLE_RATE * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        data,
    )


def no_header(_: int) -> bytes:
    """The header of a file that has none."""
    return b""


def npy_header(dtype: npt.DTypeLike, row_shape: tuple[int, ...], rows: int) -> bytes:
    """The header of an .npy file with `rows` rows; its length does not depend on `rows`."""
    longest = len(_npy_dict(np.dtype(dtype), (_MOST_ROWS, *row_shape)))
    size = -(-(len(_NPY_MAGIC) + 2 + longest + 1) // _NPY_ALIGN) * _NPY_ALIGN
    room = size - len(_NPY_MAGIC) - 2
    text = _npy_dict(np.dtype(dtype), (rows, *row_shape)).ljust(room - 1) + "\n"
    return _NPY_MAGIC + struct.pack("<H", room) + text.encode("ascii")


def npy_columns(path: Path) -> int:
    """Columns of a two-dimensional .npy file."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
    return int(shape[1])


def read_npy(path: Path) -> npt.NDArray[Any]:
    """The rows of an .npy file as they lie on disk (mapped); none if there is no such file."""
    if not path.exists():
        return np.zeros(0)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:
        # An empty array cannot be mapped.
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]


def _npy_dict(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> str:
    facts: Mapping[str, object] = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    return repr(facts)
