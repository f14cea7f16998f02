"""The review queue over REST: claim, listen, vote blind, compare, undo, ask for a second opinion.

Nothing here shows what the model thinks of a flag to somebody who has not voted on it.
"""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, StringConstraints

from ..models.grid import frames_to_seconds
from ..stream.events import Episode
from ..stream.review.agreement import Agreement
from ..stream.review.faults import (
    ClaimedError,
    DecidedError,
    NotVotedError,
    ReviewError,
    TooLateError,
    UnavailableError,
    UnknownFlagError,
    VotedError,
)
from ..stream.review.flags import Flag
from ..stream.review.rules import Label, State, urgency
from ..stream.review.snippet import Curves, SoundGoneError, around, curves, episode_of, snippet
from .errors import ApiError
from .parts import Parts, who_asks
from .review_answers import ReviewAnswer, ReviewItem, ReviewQueue, ReviewVote, ReviewVoted
from .review_export import as_csv, row, utc

MOST_ITEMS = 500
LONGEST_NOTE = 2000
_CODES: dict[type[ReviewError], tuple[int, str]] = {
    UnknownFlagError: (404, "unknown_flag"),
    ClaimedError: (409, "claimed"),
    DecidedError: (409, "decided"),
    VotedError: (409, "voted"),
    NotVotedError: (403, "vote_first"),
    TooLateError: (409, "too_late"),
    UnavailableError: (503, "reviews"),
}
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

Reviewer = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_NO_CONTROLS),
]
PathPart = Annotated[str, InPath(pattern=_NO_CONTROLS)]
_ONE = "/{session}/{episode:path}"


class ReviewerBody(BaseModel):
    """Who gives the order."""

    reviewer: Reviewer


class NextBody(ReviewerBody):
    """Who wants the next flag."""

    skip: tuple[Annotated[str, StringConstraints(pattern=_NO_CONTROLS)], ...] = Field(
        (), max_length=1000, description="flags not wanted now, as SESSION/EPISODE"
    )


class VoteBody(ReviewerBody):
    """What a reviewer hears."""

    label: Label
    note: str = Field("", max_length=LONGEST_NOTE, pattern=r"^[^\x00]*$")


class _Told(APIRoute):
    """A route whose refusals take the one shape of every error."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, its errors translated."""
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except ReviewError as error:
                status, code = _CODES[type(error)]
                facts = {"claimed_by": getattr(error, "by", None)} if status == 409 else {}
                raise ApiError(status, code, str(error), facts=facts) from error

        return told


def routes(parts: Parts) -> APIRouter:
    """Routes of the review queue."""
    router = APIRouter(prefix="/api/reviews", tags=["reviews"], route_class=_Told)
    _looking(router, parts)
    _taking(router, parts)
    _hearing(router, parts)
    _voting(router, parts)
    return router


def _looking(router: APIRouter, parts: Parts) -> None:
    @router.get("")
    def listed(
        state: State | Literal["all"] = "waiting",
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    ) -> ReviewQueue:
        """Flags in a state, the most urgent first (decided ones: newest first)."""
        waiting, oldest = parts.reviews.waiting()
        flags = parts.reviews.listed(None if state == "all" else state, limit)
        return ReviewQueue(
            waiting=waiting,
            oldest_at=None if oldest is None else utc(oldest),
            items=tuple(_item(parts, flag) for flag in flags),
        )

    @router.get("/agreement")
    def agreement() -> Agreement:
        """How far reviewers agree with each other (Krippendorff's alpha), and the model."""
        return parts.reviews.agreement()

    @router.get("/export")
    def export(
        request: Request, format: Annotated[Literal["csv", "json"], Query()] = "csv"
    ) -> Response:
        """Every vote on decided flags, those taken back too."""
        rows = [row(flag, vote) for flag, vote in parts.reviews.history()]
        parts.audit.append("reviews exported", who=who_asks(request), detail={"votes": len(rows)})
        content = as_csv(rows) if format == "csv" else json.dumps(rows, ensure_ascii=False)
        media_type = "text/csv" if format == "csv" else "application/json"
        name = f"attachment; filename=reviews.{format}"
        return Response(content, media_type=media_type, headers={"Content-Disposition": name})


def _taking(router: APIRouter, parts: Parts) -> None:
    @router.post("/next", response_model=ReviewItem, responses={204: {"description": "none"}})
    def following(body: NextBody) -> ReviewItem | Response:
        """Claim the most urgent flag that this reviewer may decide; 204 if there is none."""
        skip = {(session, name) for session, _, name in (s.partition("/") for s in body.skip)}
        flag = parts.reviews.next(body.reviewer, skip)
        return Response(status_code=204) if flag is None else _item(parts, flag)

    @router.post(f"{_ONE}/claim")
    def claim(session: PathPart, episode: PathPart, body: ReviewerBody) -> ReviewItem:
        """Hold a flag, or hold it longer; 409 names whoever holds it."""
        return _item(parts, parts.reviews.claim(session, episode, body.reviewer))

    @router.post(f"{_ONE}/release")
    def release(session: PathPart, episode: PathPart, body: ReviewerBody) -> ReviewItem:
        """Give a flag back; nothing changes where somebody else holds it."""
        return _item(parts, parts.reviews.release(session, episode, body.reviewer))


def _hearing(router: APIRouter, parts: Parts) -> None:
    @router.get(f"{_ONE}/sound", response_class=Response)
    def sound(
        request: Request, session: PathPart, episode: PathPart, reviewer: str = ""
    ) -> Response:
        """A flag's sound with some seconds around it, and where in it the flag lies."""
        flag = parts.reviews.get(session, episode)
        try:
            found = snippet(_folder(parts, session), flag, parts.stream.review.around_s)
        except SoundGoneError as error:
            raise ApiError(410, "no_audio", str(error)) from error
        who = reviewer or who_asks(request)
        detail = {"leg": flag.leg, "flag": episode}
        parts.audit.append("listened", who=who, session=session, detail=detail)
        places = {
            "X-Start-S": found.start,
            "X-Flag-Start-S": flag.start,
            "X-Flag-End-S": flag.stop,
        }
        headers = {name: f"{frames_to_seconds(at):.2f}" for name, at in places.items()}
        return Response(found.wav, media_type="audio/wav", headers=headers)

    @router.get(f"{_ONE}/answer")
    def answer(session: PathPart, episode: PathPart, reviewer: Reviewer) -> ReviewAnswer:
        """What the model says, for whoever has voted."""
        flag = parts.reviews.get(session, episode)
        votes = _votes(parts, flag, reviewer)
        told, frames = _shown(parts, flag)
        return ReviewAnswer(episode=told, frames=frames, votes=votes)


def _voting(router: APIRouter, parts: Parts) -> None:
    def log(what: str, flag: Flag, reviewer: str, **detail: str) -> None:
        told = {"flag": flag.episode, **detail}
        parts.audit.append(what, who=reviewer, session=flag.session, detail=told)

    @router.post(f"{_ONE}/vote")
    def vote(session: PathPart, episode: PathPart, body: VoteBody) -> ReviewVoted:
        """Say what is heard; then comes what the model says."""
        # Read first: a vote that was taken is answered.
        told, frames = _shown(parts, parts.reviews.get(session, episode))
        flag = parts.reviews.vote(session, episode, body.reviewer, body.label, body.note)
        log("reviewed", flag, body.reviewer, label=body.label)
        votes = _votes(parts, flag, body.reviewer)
        answer = ReviewAnswer(episode=told, frames=frames, votes=votes)
        return ReviewVoted(item=_item(parts, flag), answer=answer)

    @router.post(f"{_ONE}/undo")
    def undo(session: PathPart, episode: PathPart, body: ReviewerBody) -> ReviewItem:
        """Take one's vote back; it stays in the history as such."""
        flag = parts.reviews.undo(session, episode, body.reviewer)
        log("review taken back", flag, body.reviewer)
        return _item(parts, flag)

    @router.post(f"{_ONE}/second")
    def second(session: PathPart, episode: PathPart, body: ReviewerBody) -> ReviewItem:
        """Ask for a second opinion, also on a decided flag."""
        flag = parts.reviews.second(session, episode)
        log("second opinion asked for", flag, body.reviewer)
        return _item(parts, flag)


def _item(parts: Parts, flag: Flag) -> ReviewItem:
    stored, running = parts.store.get(flag.session), parts.monitor.session(flag.session)
    now = parts.reviews.now
    claimed = flag.claimed_until > now
    name = running.info.name if running else stored.name if stored else ""
    return ReviewItem(
        session=flag.session,
        session_name=name,
        episode=flag.episode,
        leg=flag.leg,
        kind=None if flag.wanted else flag.kind,
        start_s=frames_to_seconds(flag.start),
        end_s=frames_to_seconds(flag.stop),
        sound_start_s=frames_to_seconds(around(flag, parts.stream.review.around_s)[0]),
        at=utc(flag.at),
        state=flag.state(now),
        urgency=urgency(flag.due, now),
        claimed_by=flag.claimed_by if claimed else None,
        claimed_until=utc(flag.claimed_until) if claimed else None,
        votes=flag.votes,
        second_wanted=flag.second,
        outcome=flag.outcome,
        sound=bool(stored and stored.audio),
    )


def _shown(parts: Parts, flag: Flag) -> tuple[Episode, Curves]:
    """What the model says of a flag."""
    folder = _folder(parts, flag.session)
    episode = episode_of(folder, flag)
    if episode is None:
        raise ApiError(410, "no_scores", f"the scores of {flag.session} were deleted")
    return episode, curves(folder, flag, parts.stream.review.around_s)


def _votes(parts: Parts, flag: Flag, reviewer: str) -> tuple[ReviewVote, ...]:
    return tuple(
        ReviewVote(
            reviewer=vote.reviewer,
            label=vote.label,
            note=vote.note,
            at=utc(vote.at),
            blind=vote.blind,
        )
        for vote in parts.reviews.votes(flag.session, flag.episode, reviewer)
    )


def _folder(parts: Parts, session: str) -> Path:
    folder = parts.store.folder(session)
    if folder is None or not folder.is_dir():
        raise ApiError(404, "unknown_session", f"session {session} has no folder (yet)")
    return folder
