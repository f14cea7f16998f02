"""Orders to live sessions: start, stop, pause, stop scoring, rename; demo and uploads."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field

from ..stream.events import Notice, NoticeMethod
from ..stream.monitor import AdmissionError
from ..stream.session import Session
from ..stream.sources.devices import DeviceError, devices
from ..stream.sources.microphone import open_microphone
from ..stream.sources.reading import RecordingError
from ..stream.sources.recording import play
from .errors import ApiError
from .parts import Parts


class NoticeBody(BaseModel):
    """How the people heard were told."""

    method: NoticeMethod
    text: str = ""
    language: str = ""


class StartBody(BaseModel):
    """A session to begin on this machine."""

    source: Literal["microphone", "demo"]
    name: str = Field("", max_length=128)
    notice: NoticeBody | None = None
    device: str | None = None


class RenameBody(BaseModel):
    """A session's new name."""

    name: str = Field(max_length=128)


class StopScoringBody(BaseModel):
    """Whether the scores so far are withdrawn too."""

    erase: bool = False


def routes(parts: Parts) -> APIRouter:
    """Routes of live sessions."""
    router = APIRouter(prefix="/api", tags=["live"])

    @router.post("/sessions", status_code=201)
    async def start(body: StartBody) -> dict[str, Any]:
        """Listen to this machine's microphone, or play the demo call."""
        notice = Notice(**body.notice.model_dump(), set_by="page") if body.notice else None
        session = await _begin(lambda: _start(parts, body, notice))
        return {"session": session.id, "info": asdict(session.info)}

    @router.post("/upload", status_code=201)
    async def upload(
        file: Annotated[UploadFile, File(description="WAV, FLAC, Ogg/Opus or MP3")],
        name: Annotated[str, Form()] = "",
        legs: Annotated[str, Form()] = "",
        pace: Annotated[Literal["live", "fast"], Form()] = "live",
    ) -> dict[str, Any]:
        """Play an uploaded recording as a session, as fast as time or as fast as possible."""
        path = await anyio.to_thread.run_sync(lambda: keep_upload(file, parts.server.upload_mb))
        names = legs.split(",") if legs else None
        title = name or Path(file.filename or "recording").stem
        session = await _begin(
            lambda: play(
                parts.monitor,
                path,
                legs=names,
                name=title,
                pace="live" if pace == "live" else "file",
                remove=True,
            )
        )
        return {"session": session.id, "info": asdict(session.info)}

    @router.get("/devices")
    def list_devices() -> list[dict[str, Any]]:
        """This machine's microphones."""
        try:
            return [asdict(device) for device in devices()]
        except DeviceError as error:
            raise ApiError(503, "no_devices", str(error)) from error

    @router.post("/sessions/{session}/stop")
    def stop(session: str) -> dict[str, Any]:
        """End a session; its folder is finished behind it."""
        _live(parts, session).end("ended", "stopped on the page")
        return {"session": session}

    @router.post("/sessions/{session}/pause")
    def pause(session: str) -> dict[str, Any]:
        """From now on nothing that is said is scored or kept."""
        _live(parts, session).pause()
        return {"session": session}

    @router.post("/sessions/{session}/resume")
    def resume(session: str) -> dict[str, Any]:
        """Listen again."""
        _live(parts, session).resume()
        return {"session": session}

    @router.post("/sessions/{session}/stop-scoring")
    def stop_scoring(
        request: Request, session: str, body: StopScoringBody | None = None
    ) -> dict[str, Any]:
        """Score nothing from now on; the call stays recorded."""
        erase = body is not None and body.erase
        _live(parts, session).stop_scoring(erase=erase)
        who = request.client.host if request.client else "system"
        parts.audit.append("scoring stopped", who=who, session=session, detail={"erase": erase})
        return {"session": session}

    @router.patch("/sessions/{session}")
    def rename(session: str, body: RenameBody) -> dict[str, Any]:
        """Give a live session another name."""
        _live(parts, session).rename(body.name)
        return {"session": session}

    return router


def _start(parts: Parts, body: StartBody, notice: Notice | None) -> Session:
    if body.source == "demo":
        return play(parts.monitor, parts.demo, name=body.name or "Demo call", source="demo")
    device = body.device or parts.stream.monitor.device
    return open_microphone(parts.monitor, device=device, name=body.name, notice=notice)


async def _begin(begin: Any) -> Session:
    """Begin a session off the event loop, and say plainly why it could not be."""
    try:
        session: Session = await anyio.to_thread.run_sync(begin)
    except AdmissionError as error:
        retry = {"Retry-After": str(int(error.retry_s))}
        raise ApiError(503, "too_many", str(error), "end a session first", headers=retry) from error
    except (RecordingError, ValueError) as error:
        raise ApiError(422, "recording", str(error)) from error
    except DeviceError as error:
        raise ApiError(503, "microphone", str(error)) from error
    return session


def _live(parts: Parts, session: str) -> Session:
    found = parts.monitor.session(session)
    if found is None or found.ended:
        raise ApiError(404, "not_live", f"session {session} is not live", "see /api/sessions")
    return found


def keep_upload(file: UploadFile, limit_mb: int) -> Path:
    """Copy an upload to a temporary file. Raises ApiError for one that is too large or empty."""
    suffix = Path(file.filename or "").suffix[:10]
    with tempfile.NamedTemporaryFile(prefix="tonewatch_", suffix=suffix, delete=False) as target:
        path = Path(target.name)
        _copy(file, target, limit_mb, path)
    if not path.stat().st_size:
        path.unlink()
        raise ApiError(422, "empty", "the uploaded file is empty", "choose a recording")
    return path


def _copy(file: UploadFile, target: IO[bytes], limit_mb: int, path: Path) -> None:
    left = limit_mb << 20
    while piece := file.file.read(1 << 20):
        left -= len(piece)
        if left < 0:
            path.unlink()
            raise ApiError(
                413,
                "too_large",
                f"the recording is larger than {limit_mb} MB",
                "raise server.upload_mb, or use tonewatch analyze",
            )
        target.write(piece)
