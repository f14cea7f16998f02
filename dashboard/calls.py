"""Orders to live sessions: start, stop, pause, stop scoring, rename; demo and uploads."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field

from ..stream.admission import AdmissionError
from ..stream.decision.scene.scenes import SceneError
from ..stream.events import Notice, NoticeMethod
from ..stream.law import NotAllowedError
from ..stream.session import Session
from ..stream.sources.devices import DeviceError, devices
from ..stream.sources.microphone import open_microphone
from ..stream.sources.reading import RecordingError
from ..stream.sources.recording import play
from .answers import Begun, Done
from .errors import ApiError
from .parts import Parts, who_asks
from .uploads import LONGEST_NAME, allowed, keep, legs_of, name_of, unreadable


class NoticeBody(BaseModel):
    """How the people heard were told."""

    method: NoticeMethod
    text: str = Field("", max_length=2000)
    language: str = Field("", max_length=35)
    version: str = Field("", max_length=64)
    at: str = Field("", max_length=64)


class StartBody(BaseModel):
    """A session to begin on this machine."""

    source: Literal["microphone", "demo", "recording"]
    name: str = Field("", max_length=LONGEST_NAME)
    notice: NoticeBody | None = None
    device: str | None = None
    path: str = Field("", description="a recording in a folder of server.audio_dirs")
    pace: Literal["live", "fast"] = Field("live", description="of a recording")
    legs: str | None = Field(None, description="names of a recording's channels, by commas")
    context: str = Field("", max_length=2000, description="what is known of the call, in words")
    profile: str = Field("", max_length=64, description="scene profile; default: the settings'")


class StopScoringBody(BaseModel):
    """Whether the scores so far are withdrawn too."""

    erase: bool = False


class StartScoringBody(BaseModel):
    """How the people heard were told, if they were told anew."""

    notice: NoticeBody | None = None


def routes(parts: Parts) -> APIRouter:
    """Routes of live sessions."""
    router = APIRouter(prefix="/api", tags=["live"])

    @router.post("/sessions", status_code=201)
    async def start(body: StartBody) -> Begun:
        """Listen to this machine's microphone, or play the demo call or a recording."""
        return await _begin(lambda: _start(parts, body, told(body.notice)))

    @router.post("/demo", status_code=201)
    async def demo() -> Begun:
        """Play the demo call."""
        return await _begin(lambda: _start(parts, StartBody(source="demo", name=""), None))

    @router.post("/upload", status_code=201)
    async def upload(
        file: Annotated[UploadFile, File(description="WAV, FLAC, Ogg/Opus or MP3")],
        name: Annotated[str, Form(max_length=LONGEST_NAME)] = "",
        legs: Annotated[str, Form(description="names of the channels, by commas")] = "",
        pace: Annotated[Literal["live", "fast"], Form()] = "live",
        context: Annotated[str, Form(max_length=2000)] = "",
        profile: Annotated[str, Form(max_length=64)] = "",
    ) -> Begun:
        """Play an uploaded recording as a session, as fast as time or as fast as possible."""
        path = await anyio.to_thread.run_sync(lambda: keep(file, parts.server.upload_mb))
        title = name or name_of(file)

        def begin() -> Session:
            try:
                return play(
                    parts.monitor,
                    path,
                    legs=legs_of(legs),
                    name=title,
                    pace="live" if pace == "live" else "file",
                    context=context,
                    profile=profile,
                    remove=True,
                )
            except RecordingError as error:
                raise unreadable(error, path, file.filename or title) from error

        return await _begin(begin)

    @router.get("/devices")
    def list_devices() -> list[dict[str, Any]]:
        """This machine's microphones."""
        try:
            return [asdict(device) for device in devices()]
        except DeviceError as error:
            raise ApiError(503, "no_devices", str(error)) from error

    @router.post("/sessions/{session}/stop")
    def stop(session: str) -> Done:
        """End a session; its folder is finished behind it."""
        live(parts, session).end("ended", "stopped on the page")
        return Done(session=session)

    @router.post("/sessions/{session}/pause")
    def pause(session: str) -> Done:
        """From now on nothing that is said is scored or kept."""
        live(parts, session).pause()
        return Done(session=session)

    @router.post("/sessions/{session}/resume")
    def resume(session: str) -> Done:
        """Listen again."""
        live(parts, session).resume()
        return Done(session=session)

    @router.post("/sessions/{session}/stop-scoring")
    def stop_scoring(request: Request, session: str, body: StopScoringBody | None = None) -> Done:
        """Score nothing from now on; the call stays recorded."""
        erase = body is not None and body.erase
        live(parts, session).stop_scoring(erase=erase)
        detail = {"erase": erase}
        parts.audit.append("scoring stopped", who=who_asks(request), session=session, detail=detail)
        return Done(session=session)

    @router.post("/sessions/{session}/start-scoring")
    def start_scoring(request: Request, session: str, body: StartScoringBody | None = None) -> Done:
        """Score the customer (again) from now on; a session without notice needs one."""
        notice = told(body.notice) if body else None
        try:
            live(parts, session).start_scoring(notice)
        except NotAllowedError as error:
            way_out = "send `notice`: how the people heard were told"
            raise ApiError(409, "not_allowed", str(error), way_out) from error
        detail = {"notice": notice.method if notice else "as before"}
        parts.audit.append("scoring started", who=who_asks(request), session=session, detail=detail)
        return Done(session=session)

    return router


def told(notice: NoticeBody | None) -> Notice | None:
    """A notice as a session keeps it."""
    return Notice(**notice.model_dump(), set_by="page") if notice else None


def live(parts: Parts, session: str) -> Session:
    """A session that runs. Raises ApiError."""
    found = parts.monitor.session(session)
    if found is None or found.ended:
        raise ApiError(404, "not_live", f"session {session} is not live", "see /api/sessions")
    return found


def _start(parts: Parts, body: StartBody, notice: Notice | None) -> Session:
    if body.source == "recording":
        return _play(parts, body)
    if body.source == "demo":
        return play(
            parts.monitor,
            parts.demo,
            name=body.name or "Demo call",
            source="demo",
            context=body.context,
            profile=body.profile,
        )
    device = body.device or parts.stream.monitor.device
    return open_microphone(
        parts.monitor,
        device=device,
        name=body.name,
        notice=notice,
        context=body.context,
        profile=body.profile,
    )


def _play(parts: Parts, body: StartBody) -> Session:
    if not body.path:
        raise ApiError(422, "no_audio", "a recording needs its `path`", "or POST it to /api/upload")
    path = allowed(body.path, parts.server.audio_dirs)
    try:
        return play(
            parts.monitor,
            path,
            legs=legs_of(body.legs),
            name=body.name or path.stem[:LONGEST_NAME],
            context=body.context,
            profile=body.profile,
            pace="live" if body.pace == "live" else "file",
        )
    except RecordingError as error:
        raise unreadable(error, path, body.path) from error


async def _begin(begin: Callable[[], Session]) -> Begun:
    """Begin a session off the event loop, and say plainly why it could not be."""
    try:
        session = await anyio.to_thread.run_sync(begin)
    except AdmissionError as error:
        retry = {"Retry-After": str(int(error.retry_s))}
        raise ApiError(503, "too_many", str(error), "end a session first", headers=retry) from error
    except SceneError as error:
        raise ApiError(422, "profile", str(error), "see decision.scenes in the README") from error
    except (RecordingError, ValueError) as error:
        raise ApiError(422, "recording", str(error)) from error
    except DeviceError as error:
        raise ApiError(503, "microphone", str(error)) from error
    return Begun(session=session.id, info=session.info)
