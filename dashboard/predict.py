"""`POST /api/predict`: one recording in, one result out."""

import asyncio
import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile

from ..models.engine import EngineError
from ..stream.decision.scene.scenes import SceneError
from ..stream.offline import AnalyzeResult, Tools, analyze
from ..stream.sources.reading import RecordingError
from .errors import ApiError, first_line
from .parts import Parts
from .uploads import allowed, keep, legs_of, name_of, unreadable

AT_ONCE = 1
WAITING = 8
"""Requests that may wait; further ones are told to come back."""


class Predict(BaseModel):
    """What may be said beside the recording."""

    audio_path: str | None = Field(None, description="a file in a folder of server.audio_dirs")
    granularity: Literal["utterance", "frame"] = "utterance"
    embedding: bool = Field(False, description="keep embedding.npy in the session folder")
    context: str = Field("", max_length=2000, description="what is known of the call, in words")
    profile: str = Field("", max_length=64, description="scene profile; default: the settings'")
    legs: str | None = Field(None, description="names of the channels, by commas")
    name: str | None = Field(None, max_length=128)


_FIELDS = Predict.model_json_schema()["properties"]
_FILE = {"file": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {**_FILE, **_FIELDS}}
            },
            "application/json": {"schema": {"type": "object", "properties": _FIELDS}},
        }
    }
}
"""The body is read by hand, for it comes in two forms; this is what documentation says of it."""


def routes(parts: Parts) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix="/api", tags=["predict"])
    gate, waiting = asyncio.Semaphore(AT_ONCE), [0]

    @router.post("/predict", openapi_extra=_BODY)
    async def predict(request: Request) -> dict[str, Any]:
        """Analyse a recording: multipart `file`, or `audio_path` in a folder that is allowed."""
        async with contextlib.AsyncExitStack() as closing:
            options, upload = await _asked(request, closing)
            if waiting[0] >= WAITING:
                raise ApiError(
                    503, "busy", f"{WAITING} recordings wait already", headers={"Retry-After": "5"}
                )
            waiting[0] += 1
            try:
                async with gate:
                    done = await anyio.to_thread.run_sync(lambda: _predict(parts, options, upload))
            finally:
                waiting[0] -= 1
        return {**done.result, "folder": done.folder.name}

    return router


async def _asked(
    request: Request, closing: contextlib.AsyncExitStack
) -> tuple[Predict, UploadFile | None]:
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return Predict.model_validate(await request.json()), None
        form = await closing.enter_async_context(request.form())
        upload = form.get("file")
        words = {key: value for key, value in form.items() if isinstance(value, str)}
        return Predict.model_validate(words), upload if isinstance(upload, UploadFile) else None
    except ValidationError as error:
        raise ApiError(422, "invalid", first_line(error), "see /api/docs") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ApiError(422, "invalid", f"the body is not JSON: {error}") from error


def _predict(parts: Parts, options: Predict, upload: UploadFile | None) -> AnalyzeResult:
    if upload is not None:
        path = keep(upload, parts.server.upload_mb)
        try:
            name = options.name or name_of(upload)
            return _analyze(parts, path, upload.filename or name, name, options)
        finally:
            path.unlink(missing_ok=True)
    if not options.audio_path:
        raise ApiError(
            422, "no_audio", "neither `file` nor `audio_path` was given", "send one of them"
        )
    path = allowed(options.audio_path, parts.server.audio_dirs)
    return _analyze(parts, path, options.audio_path, options.name or path.stem, options)


def _analyze(parts: Parts, path: Path, shown: str, name: str, options: Predict) -> AnalyzeResult:
    try:
        result = analyze(
            path,
            _with(parts.tools(), options),
            legs=legs_of(options.legs),
            name=name,
            context=options.context,
            profile=options.profile,
        )
    except RecordingError as error:
        # What came before the fault may lie in a folder.
        parts.store.rebuild()
        raise unreadable(error, path, shown) from error
    except SceneError as error:
        raise ApiError(422, "profile", str(error), "see decision.scenes in the README") from error
    except EngineError as error:
        raise ApiError(503, "engine", str(error), headers={"Retry-After": "5"}) from error
    parts.store.add(result.folder)
    return result


def _with(tools: Tools, options: Predict) -> Tools:
    record = tools.settings.record.model_copy(
        update={"granularity": options.granularity, "embedding": options.embedding}
    )
    return replace(tools, settings=tools.settings.model_copy(update={"record": record}))
