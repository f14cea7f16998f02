"""What is on disk of a session: list, audio, curves, download, deletion."""

import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import TypeAdapter

from ..stream.events import Points
from ..stream.record.card import Card, read_card
from ..stream.record.files import FolderError
from ..stream.record.history import read_points
from ..stream.record.removal import RemovalError
from ..stream.store import StoredSession
from .errors import ApiError
from .parts import Parts

PAGE = 50
_POINTS = TypeAdapter(Points)


def routes(parts: Parts) -> APIRouter:
    """Routes of recorded sessions."""
    router = APIRouter(prefix="/api/sessions", tags=["sessions"])

    @router.get("")
    def search(
        query: str = "",
        since: Annotated[datetime | None, Query(alias="from")] = None,
        until: Annotated[datetime | None, Query(alias="to")] = None,
        flagged: bool = False,
        page: Annotated[int, Query(ge=1)] = 1,
    ) -> dict[str, Any]:
        """Sessions by name and date (newest first), a page of 50 at a time."""
        found = parts.store.search(
            query, since=since, until=until, flagged=flagged, limit=PAGE, offset=(page - 1) * PAGE
        )
        rows = [asdict(session) for session in found.sessions]
        return {"sessions": rows, "total": found.total, "page": page, "page_size": PAGE}

    @router.get("/{session}")
    def one(session: str) -> dict[str, Any]:
        """One session: what the index knows, its legs, flags and gaps, and its result."""
        stored, folder, card = _known(parts, session)
        result = folder / "result.json"
        return {
            "session": asdict(stored),
            "info": asdict(card.info),
            "episodes": [asdict(flag) for flag in parts.store.flags(session)],
            "result": _json(result) if result.is_file() else None,
        }

    @router.get("/{session}/frames")
    def frames(
        session: str,
        leg: str = "customer",
        step: Annotated[int, Query(ge=1, le=500)] = 4,
        start: Annotated[int, Query(ge=0)] = 0,
        stop: Annotated[int | None, Query(ge=0)] = None,
    ) -> dict[str, Any]:
        """The settled curve of a scored leg, at every `step` frames."""
        _, folder, card = _known(parts, session)
        points = read_points(folder, _leg(card, leg), step, start, stop)
        content: dict[str, Any] = _POINTS.dump_python(points, mode="json")
        return content

    @router.get("/{session}/audio/{leg}.wav")
    def audio(request: Request, session: str, leg: str) -> FileResponse:
        """What was heard on a leg; byte ranges for seeking."""
        _, folder, card = _known(parts, session)
        path = folder / _leg(card, leg).audio
        if not path.is_file():
            raise ApiError(404, "no_audio", f"the sound of {session} is not there (any more)")
        parts.audit.append("listened", who=_who(request), session=session, detail={"leg": leg})
        return FileResponse(path, media_type="audio/wav")

    @router.get("/{session}/download")
    def download(request: Request, session: str, embedding: bool = False) -> StreamingResponse:
        """The session folder as a ZIP file; embeddings only when asked for by name."""
        _, folder, _ = _known(parts, session)
        detail = {"embedding": embedding}
        parts.audit.append("exported", who=_who(request), session=session, detail=detail)
        name = f'attachment; filename="{folder.name}.zip"'
        return StreamingResponse(
            _zip(folder, embedding=embedding),
            media_type="application/zip",
            headers={"Content-Disposition": name},
        )

    @router.delete("/{session}")
    async def delete(request: Request, session: str, reason: str = "") -> dict[str, Any]:
        """Delete a session and everything kept of it; the answer is the receipt."""
        _, folder, _ = _known(parts, session)
        try:
            receipt = await anyio.to_thread.run_sync(
                lambda: parts.remover.delete(folder, who=_who(request), reason=reason)
            )
        except RemovalError as error:
            raise ApiError(409, "running", str(error), "stop the session first") from error
        parts.store.forget(session)
        return receipt

    return router


def _known(parts: Parts, session: str) -> tuple[StoredSession, Path, Card]:
    stored, folder = parts.store.get(session), parts.store.folder(session)
    if stored is None or folder is None or not folder.is_dir():
        raise ApiError(404, "unknown_session", f"session {session} is not known", "see /sessions")
    try:
        return stored, folder, read_card(folder)
    except FolderError as error:
        raise ApiError(500, "broken_folder", str(error)) from error


def _leg(card: Card, leg: str) -> Any:
    try:
        return card.leg_files(leg)
    except (KeyError, FolderError, StopIteration) as error:
        raise ApiError(404, "unknown_leg", f"session {card.info.id} has no leg {leg!r}") from error


def _json(path: Path) -> Any:
    import json

    return json.loads(path.read_text(encoding="utf-8"))


def _who(request: Request) -> str:
    return request.client.host if request.client else "system"


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


def _zip(folder: Path, *, embedding: bool) -> Iterator[bytes]:
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
