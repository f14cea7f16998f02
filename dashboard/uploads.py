"""Recordings of a request: those that come with it, and those that it names."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import UploadFile

from ..stream.sources.reading import RecordingError
from .edge import too_large
from .errors import ApiError

LONGEST_NAME = 128


def keep(file: UploadFile, limit_mb: int) -> Path:
    """Copy an upload to a temporary file of its own, until it is read.

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


def allowed(name: str, folders: Sequence[Path]) -> Path:
    """The file that a path names, if it lies in one of the folders, links followed.

    Raises ApiError.
    """
    if not folders:
        raise ApiError(
            403, "no_folder", "no folder is allowed for recordings", "name one: server.audio_dirs"
        )
    try:
        path = Path(name).resolve()
    except (ValueError, OSError, RuntimeError) as error:
        raise ApiError(422, "not_a_path", f"{name!r} is not a path: {error}") from error
    if not any(path.is_relative_to(folder.resolve()) for folder in folders):
        raise ApiError(
            403, "not_allowed", f"{name} lies outside the allowed folders", "see server.audio_dirs"
        )
    if not path.is_file():
        raise ApiError(404, "no_file", f"{name} does not exist")
    return path


def legs_of(text: str | None) -> list[str] | None:
    """Names of channels, by commas."""
    return [leg.strip() for leg in text.split(",")] if text else None


def name_of(file: UploadFile) -> str:
    """How the person called the recording, without its suffix."""
    return Path(file.filename or "").stem[:LONGEST_NAME] or "recording"


def unreadable(error: RecordingError, path: Path, shown: str) -> ApiError:
    """The error for a recording that cannot be used, with the name that the person knows."""
    return ApiError(422, "recording", str(error).replace(str(path), shown))
