"""Writing in place, and bringing what was written to the disk, few files or hundreds of them."""

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MANY = 40
"""Files above which one call for their whole file system costs less than a call for each."""


WRITE = os.O_RDWR | getattr(os, "O_BINARY", 0)
"""How a file is opened that is written in place."""


def write_at(file: int, offset: int, data: bytes | bytearray) -> None:
    """Write all of `data` at an offset of an open file. Raises OSError."""
    with memoryview(data) as rest:
        done = 0
        while done < len(rest):
            with rest[done:] as part:
                done += _write_part(file, offset + done, part)


def _write_part(file: int, offset: int, part: memoryview) -> int:
    if sys.platform == "win32":
        os.lseek(file, offset, os.SEEK_SET)
        return os.write(file, part)
    return os.pwrite(file, part, offset)


def sync_files(paths: Sequence[Path], folder: Path) -> None:
    """Bring files that lie in `folder`'s file system to the disk. Raises OSError.

    Those that were deleted meanwhile are left out.
    """
    if len(paths) > MANY and sync_file_system(folder):
        return
    for path in paths:
        with suppress(FileNotFoundError), path.open("r+b", buffering=0) as file:
            os.fsync(file.fileno())


def sync_file_system(folder: Path) -> bool:
    """Bring everything of a folder's file system to the disk; false where the system cannot.

    Linux syncfs(2): a single call, which needs Python's lock once, where hundreds of calls would
    each wait for it. Raises OSError.
    """
    if sys.platform != "linux":
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if call(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(descriptor)
    return True
