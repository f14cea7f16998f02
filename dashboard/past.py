"""What is on disk of a session: list, audio, curves, download, rename, deletion."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import BaseModel, Field, TypeAdapter

from ..models.grid import frames_to_seconds
from ..stream.events import Episode, Points, SessionChanged, SessionDeleted
from ..stream.record.card import Card, LegFiles, read_card
from ..stream.record.files import FolderError
from ..stream.record.history import read_points, read_rows
from ..stream.record.meters import read_speech
from ..stream.record.removal import RemovalError
from ..stream.record.renaming import NotEndedError, rename
from ..stream.record.result import RESULT_NAME
from ..stream.store import StoredSession
from .answers import Done, Found, Kept, LegSpeech, Receipt
from .errors import ApiError
from .growing import GrowingFileResponse
from .parts import Parts, who_asks
from .uploads import LONGEST_NAME

PAGE = 50
MOST_POINTS = 50_000
"""Points of one answer: an hour at the page's usual step."""
_POINTS = TypeAdapter(Points)
_RECEIPT = TypeAdapter(Receipt)


class RenameBody(BaseModel):
    """A session's new name."""

    name: str = Field(max_length=LONGEST_NAME)


def routes(parts: Parts) -> APIRouter:
    """Routes of recorded sessions; those that run are among them."""
    router = APIRouter(prefix="/api/sessions", tags=["sessions"])
    _looking(router, parts)
    _taking(router, parts)
    _changing(router, parts)
    return router


def _looking(router: APIRouter, parts: Parts) -> None:
    @router.get("")
    def search(
        query: str = "",
        since: Annotated[datetime | None, Query(alias="from", description="began then")] = None,
        until: Annotated[datetime | None, Query(alias="to", description="began before")] = None,
        flagged: bool = False,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    ) -> Found:
        """Sessions by name and date (newest first), a page of 50 at a time; without zone: UTC."""
        found = parts.store.search(
            query,
            since=_in_utc(since),
            until=_in_utc(until),
            flagged=flagged,
            limit=PAGE,
            offset=(page - 1) * PAGE,
        )
        return Found(sessions=found.sessions, total=found.total, page=page, page_size=PAGE)

    @router.get("/{session}")
    def one(request: Request, session: str) -> Kept:
        """One session: what the index knows, its legs, flags and gaps, and its result."""
        running = parts.monitor.session(session)
        if running is not None and parts.store.get(session) is None:
            return Kept(session=None, info=running.info, episodes=(), result=None)
        stored, folder, card = _known(parts, session)
        info = running.info if running is not None else card.info
        if running is None:
            parts.audit.append("viewed", who=who_asks(request), session=session)
        return Kept(
            session=stored,
            info=info,
            episodes=parts.store.flags(session),
            result=_result(folder),
            speech=_speech(folder, card),
        )

    @router.get("/{session}/episodes")
    def episodes(session: str) -> tuple[Episode, ...]:
        """The fear/disgust episodes of a session, in order of time."""
        _known(parts, session)
        return parts.store.flags(session)

    @router.get("/{session}/frames", response_model=Points)
    def frames(
        session: str,
        leg: str = "customer",
        step: Annotated[int, Query(ge=1, le=5000, description="frames between points")] = 4,
        start: Annotated[int, Query(ge=0, description="frame")] = 0,
        stop: Annotated[int | None, Query(ge=0, description="first frame behind")] = None,
    ) -> Response:
        """The settled curve of a scored leg, at every `step` frames of 20 ms."""
        _, folder, card = _known(parts, session)
        files = _leg(card, leg)
        there = len(read_rows(folder, files))
        last = there if stop is None else min(stop, there)
        if (last - start) // step > MOST_POINTS:
            raise ApiError(
                422,
                "too_many_points",
                f"{(last - start) // step} points; at most {MOST_POINTS} in one answer",
                "raise step, or ask for a part with start and stop",
            )
        points = read_points(folder, files, step, start, max(start, last))
        return Response(_POINTS.dump_json(points), media_type="application/json")


def _taking(router: APIRouter, parts: Parts) -> None:
    @router.get("/{session}/audio/{leg}.wav", response_class=FileResponse)
    def audio(request: Request, session: str, leg: str) -> GrowingFileResponse:
        """What was heard on a leg; byte ranges for seeking."""
        _, folder, card = _known(parts, session)
        path = folder / _leg(card, leg).audio
        if not path.is_file():
            raise ApiError(404, "no_audio", f"the sound of {session} is not there (any more)")
        # A player asks for many ranges; each listening begins with the first byte.
        if request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
            detail = {"leg": leg}
            parts.audit.append("listened", who=who_asks(request), session=session, detail=detail)
        return GrowingFileResponse(path, media_type="audio/wav")

    @router.get("/{session}/download", response_class=StreamingResponse)
    def download(request: Request, session: str, embedding: bool = False) -> StreamingResponse:
        """The session folder as a ZIP file; embeddings only when asked for by name."""
        _, folder, _ = _known(parts, session)
        detail = {"embedding": embedding}
        parts.audit.append("exported", who=who_asks(request), session=session, detail=detail)
        name = f"attachment; filename*=utf-8''{quote(folder.name)}.zip"
        return StreamingResponse(
            zipped(folder, embedding=embedding),
            media_type="application/zip",
            headers={"Content-Disposition": name},
        )


def _changing(router: APIRouter, parts: Parts) -> None:
    @router.patch("/{session}")
    def rename(request: Request, session: str, body: RenameBody) -> Done:
        """Give a session another name, in its result too; its folder keeps the one it has."""
        running = parts.monitor.session(session)
        if running is not None:
            running.rename(body.name)
        else:
            _, folder, _ = _known(parts, session)
            _rename(parts, folder, body.name)
        parts.audit.append("renamed", who=who_asks(request), session=session)
        return Done(session=session)

    @router.delete("/{session}")
    async def delete(request: Request, session: str, reason: str = "") -> Receipt:
        """Delete a session and everything kept of it; the answer is the receipt."""
        return await anyio.to_thread.run_sync(
            lambda: _delete(parts, session, who_asks(request), reason)
        )


def _rename(parts: Parts, folder: Path, name: str) -> None:
    try:
        info = rename(folder, name)
    except NotEndedError as error:
        raise ApiError(409, "not_finished", str(error), "try again in a moment") from error
    parts.store.add(folder)
    if any(shown.info.id == info.id for shown in parts.board.snapshot().sessions):
        parts.bus.publish(SessionChanged(session=info))


def _delete(parts: Parts, session: str, who: str, reason: str) -> Receipt:
    _, folder, _ = _known(parts, session)
    try:
        receipt = parts.remover.delete(folder, who=who, reason=reason)
    except RemovalError as error:
        raise ApiError(409, "running", str(error), "stop the session first") from error
    parts.store.forget(session)
    parts.bus.publish(SessionDeleted(session=session))
    return _RECEIPT.validate_python(receipt)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _known(parts: Parts, session: str) -> tuple[StoredSession, Path, Card]:
    stored, folder = parts.store.get(session), parts.store.folder(session)
    if stored is None or folder is None or not folder.is_dir():
        raise ApiError(
            404, "unknown_session", f"session {session} is not known", "see /api/sessions"
        )
    try:
        return stored, folder, read_card(folder)
    except FolderError as error:
        raise ApiError(500, "broken_folder", str(error)) from error


def _leg(card: Card, leg: str) -> LegFiles:
    try:
        return card.leg_files(leg)
    except FolderError as error:
        raise ApiError(404, "unknown_leg", str(error)) from error


def _speech(folder: Path, card: Card) -> tuple[LegSpeech, ...]:
    roles = {leg.name: leg.role for leg in card.info.legs}
    return tuple(
        LegSpeech(
            leg=leg,
            role=roles[leg],
            spans=tuple(
                (frames_to_seconds(span.start), frames_to_seconds(span.stop)) for span in spans
            ),
        )
        for leg, spans in read_speech(folder, card).items()
    )


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads((folder / RESULT_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ApiError(500, "broken_folder", f"{folder / RESULT_NAME}: {error}") from error
    return content


class _Sink:
    """A file that only collects what a ZIP writer writes."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data


def zipped(folder: Path, *, embedding: bool) -> Iterator[bytes]:
    """The folder's files, piece by piece: a recording of hours never lies in memory whole."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # any writer serves
        for path in sorted(folder.iterdir()):
            if not path.is_file() or (path.name.endswith("embedding.npy") and not embedding):
                continue
            member = zipfile.ZipInfo.from_file(path, f"{folder.name}/{path.name}")
            with path.open("rb") as source, archive.open(member, "w", force_zip64=True) as target:
                while piece := source.read(1 << 20):
                    target.write(piece)
                    yield sink.take()
    yield sink.take()
