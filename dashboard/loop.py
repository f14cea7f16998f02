"""The loop over REST: what was learned from reviews, refit, adopt, roll back.

What is adopted is in force from the server's next start: calls that run keep what they began with.
"""

import threading
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ..models.engine import EngineError
from ..stream.learning.loop import refit_now
from ..stream.learning.refit import TooFewError
from ..stream.learning.versions import Version, VersionError, Versions
from ..stream.review.faults import UnavailableError
from .errors import ApiError
from .parts import Parts, who_asks


class VersionBody(BaseModel):
    """Which version."""

    version: int = Field(ge=1)


def routes(parts: Parts) -> APIRouter:
    """`/api/loop`."""
    router = APIRouter(prefix="/api/loop", tags=["loop"])
    versions = Versions(parts.output)
    busy = threading.Lock()
    begun_with = versions.active

    def log(action: str, request: Request, **detail: Any) -> None:
        parts.audit.append(action, who=who_asks(request), detail=detail)

    def state() -> dict[str, Any]:
        active = versions.active
        return {
            "versions": [told(version, active) for version in reversed(versions.all())],
            "active": active,
            "restart_needed": active != begun_with,
        }

    @router.get("")
    def loop() -> dict[str, Any]:
        """Every version with its figures on reviews held back, the newest first."""
        try:
            return state()
        except VersionError as error:
            raise _refused(error) from error

    @router.post("/refit")
    def refit(request: Request) -> dict[str, Any]:
        """Learn from all decided flags; takes about a tenth of their sound's length."""
        if not busy.acquire(blocking=False):
            raise ApiError(409, "busy", "a refit is running", "wait for it")
        try:
            tools = parts.tools()
            version = refit_now(
                parts.reviews.decided(), parts.store.folder, tools.engine, parts.stream
            )
        except TooFewError as error:
            raise ApiError(409, "too_few", str(error), "decide further flags") from error
        except VersionError as error:
            raise _refused(error) from error
        except UnavailableError as error:
            raise ApiError(503, "reviews", str(error), "see the log") from error
        except EngineError as error:
            raise ApiError(503, "engine", str(error), "see the log") from error
        finally:
            busy.release()
        log("learned", request, version=version.version, better=version.better)
        return told(version, versions.active)

    @router.post("/adopt")
    def adopt(body: VersionBody, request: Request) -> dict[str, Any]:
        """Put a version in force that was better."""
        try:
            version = versions.adopt(body.version)
            log("learning adopted", request, version=version.version)
            return state()
        except VersionError as error:
            raise _refused(error) from error

    @router.post("/rollback")
    def rollback(request: Request) -> dict[str, Any]:
        """Take the newest adoption back."""
        try:
            log("learning rolled back", request, version=versions.roll_back())
            return state()
        except VersionError as error:
            raise _refused(error) from error

    return router


def told(version: Version, active: int | None) -> dict[str, Any]:
    """A version as it is answered."""
    return {**asdict(version), "adopted": version.version == active}


def _refused(error: VersionError) -> ApiError:
    return ApiError(409, "version", str(error), "GET /api/loop lists the versions")
