"""Reader of CTranslate2 model files, version 6: the form in which Whisper weights are packaged.

Layout (little-endian): u32 version; string name; u32 revision; u32 count; then for each variable:
string name; u8 rank; u32 dims[rank]; u8 dtype; u32 bytes; data. A string is a u16 length, which
counts a closing NUL, and its bytes.
"""

import hashlib
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_TYPES: Final = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


class CheckpointError(ValueError):
    """An encoder checkpoint is not the one expected, or not readable."""


def read_variables(
    path: Path, *, prefix: str = "", sha256: str = ""
) -> dict[str, npt.NDArray[Any]]:
    """All variables whose name starts with `prefix`, as stored. Raises CheckpointError."""
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if sha256 and found != sha256:
        raise CheckpointError(f"{path}: expected SHA-256 {sha256}, found {found}")
    at = 0

    def take(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize(form)
        return int(value)

    def text() -> str:
        nonlocal at
        size = take("H")
        value = data[at : at + size].rstrip(b"\0").decode()
        at += size
        return value

    try:
        if take("I") != 6:
            raise CheckpointError(f"{path}: not a CTranslate2 model of version 6")
        text()
        take("I")
        variables = {}
        for _ in range(take("I")):
            name = text()
            shape = [take("I") for _ in range(take("B"))]
            kind, size = np.dtype(_TYPES[take("B")]), take("I")
            if name.startswith(prefix):
                values = np.frombuffer(data, kind, size // kind.itemsize, at)
                variables[name] = values.reshape(shape)
            at += size
    except (struct.error, KeyError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: truncated or not a CTranslate2 model") from error
    return variables
