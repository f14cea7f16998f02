"""`POST /api/predict`: one recording in, one result out."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from ..models.engine import EngineError
from ..stream.offline import AnalyzeResult, Tools, analyze
from ..stream.sources.reading import RecordingError
from .calls import keep_upload
from .errors import ApiError
from .parts import Parts

AT_ONCE = 1
WAITING = 8
"""Requests that may wait; further ones are told to come back."""


class Predict(BaseModel):
    """What may be said beside the recording."""

    audio_path: str | None = None
    granularity: Literal["utterance", "frame"] = "utterance"
    embedding: bool = False
    context: str = ""
    legs: str | None = None
    name: str | None = None


def routes(parts: Parts) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix="/api", tags=["predict"])
    gate, waiting = asyncio.Semaphore(AT_ONCE), [0]

    @router.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        """Analyse a recording: multipart `file`, or `audio_path` in a folder that is allowed."""
        options, upload = await _asked(request)
        if waiting[0] >= WAITING:
            raise ApiError(
                503, "busy", f"{WAITING} recordings wait already", headers={"Retry-After": "5"}
            )
        path = await _path(parts, options, upload)
        waiting[0] += 1
        try:
            async with gate:
                result = await anyio.to_thread.run_sync(lambda: _analyze(parts, path, options))
        finally:
            waiting[0] -= 1
            if upload is not None:
                path.unlink(missing_ok=True)
        return {**result.result, "session": result.info.id, "folder": result.folder.name}

    return router


async def _asked(request: Request) -> tuple[Predict, UploadFile | None]:
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return Predict.model_validate(await request.json()), None
        form = await request.form()
        upload = form.get("file")
        words = {key: value for key, value in form.items() if isinstance(value, str)}
        return Predict.model_validate(words), upload if isinstance(upload, UploadFile) else None
    except (ValidationError, ValueError) as error:
        raise ApiError(422, "invalid", f"the request cannot be read: {error}") from error


async def _path(parts: Parts, options: Predict, upload: UploadFile | None) -> Path:
    if upload is not None:
        return await anyio.to_thread.run_sync(
            lambda: keep_upload(upload, parts.server.upload_mb)  # type: ignore[arg-type]  # FastAPI's class extends this one
        )
    if not options.audio_path:
        raise ApiError(422, "no_audio", "neither `file` nor `audio_path` was given")
    return allowed(options.audio_path, parts.server.audio_dirs)


def allowed(name: str, folders: Sequence[Path]) -> Path:
    """The file that a path names, if it lies in one of the folders, links followed.

    Raises ApiError.
    """
    if not folders:
        raise ApiError(
            403, "no_folder", "no folder is allowed for audio_path", "name one: server.audio_dirs"
        )
    path = Path(name).resolve()
    if not any(path.is_relative_to(folder.resolve()) for folder in folders):
        raise ApiError(
            403, "not_allowed", f"{name} lies outside the allowed folders", "see server.audio_dirs"
        )
    if not path.is_file():
        raise ApiError(404, "no_file", f"{name} does not exist")
    return path


def _analyze(parts: Parts, path: Path, options: Predict) -> AnalyzeResult:
    try:
        result = analyze(
            path,
            _with(parts.tools(), options),
            legs=options.legs.split(",") if options.legs else None,
            name=options.name,
            context=options.context,
        )
    except RecordingError as error:
        raise ApiError(422, "recording", str(error)) from error
    except EngineError as error:
        raise ApiError(503, "engine", str(error)) from error
    parts.store.add(result.folder)
    return result


def _with(tools: Tools, options: Predict) -> Tools:
    from dataclasses import replace

    record = tools.settings.record.model_copy(
        update={"granularity": options.granularity, "embedding": options.embedding}
    )
    return replace(tools, settings=tools.settings.model_copy(update={"record": record}))
