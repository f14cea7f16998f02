"""Recordings that come with a request: kept in a temporary file until they are read."""

import shutil
import tempfile
from pathlib import Path

from starlette.datastructures import UploadFile

from ..stream.sources.reading import RecordingError
from .edge import too_large
from .errors import ApiError

LONGEST_NAME = 128


def keep(file: UploadFile, limit_mb: int) -> Path:
    """Copy an upload to a temporary file of its own.

    Raises ApiError for one that is too large or empty, OSError.
    """
    if (file.size or 0) > limit_mb << 20:
        raise too_large(limit_mb)
    if not file.size:
        raise ApiError(422, "empty", "the uploaded file is empty", "choose a recording")
    suffix = Path(file.filename or "").suffix[:10]
    with tempfile.NamedTemporaryFile(prefix="tonewatch_", suffix=suffix, delete=False) as target:
        path = Path(target.name)
        try:
            shutil.copyfileobj(file.file, target, 1 << 20)
        except BaseException:
            path.unlink()
            raise
    return path


def name_of(file: UploadFile) -> str:
    """How the person called the recording, without its suffix."""
    return Path(file.filename or "").stem[:LONGEST_NAME] or "recording"


def unreadable(error: RecordingError, path: Path, shown: str) -> ApiError:
    """The error for a recording that cannot be used, with the name that the person knows."""
    return ApiError(422, "recording", str(error).replace(str(path), shown))
