"""Messages of Plain PCM v1 (docs/ingest-protocol.md): what a sender may say, and how refusals look.

Unknown fields are ignored, wrong types of known ones are refused.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..audio import Role
from ..events import Notice

SUBPROTOCOL: Final = "tonewatch.pcm.v1"
"""Offered by the sender and echoed by the server."""
RATES: Final = (8000, 16000, 24000, 32000, 44100, 48000)
"""Samples per second that a sender may have; all are whole multiples of 50 frames."""

DONE: Final = 1000
GOING_AWAY: Final = 1001
TOO_LARGE: Final = 1009
MALFORMED: Final = 4400
NO_TOKEN: Final = 4401
FORBIDDEN: Final = 4403
UNKNOWN_SESSION: Final = 4404
SILENT: Final = 4408
REPLACED: Final = 4409
TOO_FAR_AHEAD: Final = 4413
UNSUPPORTED: Final = 4415
TOO_MANY: Final = 4429
INTERNAL: Final = 4500

CODES: Final = {
    TOO_LARGE: "too_large",
    MALFORMED: "malformed",
    NO_TOKEN: "no_token",
    FORBIDDEN: "forbidden",
    UNKNOWN_SESSION: "unknown_session",
    SILENT: "silent",
    REPLACED: "replaced",
    TOO_FAR_AHEAD: "too_far_ahead",
    UNSUPPORTED: "unsupported",
    TOO_MANY: "too_many",
    INTERNAL: "internal",
}
"""Close code to the `code` of the error message before it."""


class RefusedError(Exception):
    """A sender is refused: close code, a sentence, and when it may try again."""

    def __init__(self, close: int, detail: str, *, retry_s: float | None = None) -> None:
        super().__init__(detail)
        self.close = close
        self.detail = detail
        self.retry_s = retry_s


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class NoticeText(_Message):
    """How the people heard were told."""

    method: Literal["announced", "keypress", "spoken", "written", "test"]
    text: str = Field("", max_length=2000)
    language: str = Field("", max_length=35)
    version: str = Field("", max_length=64)
    at: str = Field("", max_length=64)

    def to_notice(self) -> Notice:
        """As the product's own type."""
        return Notice(**self.model_dump(), set_by="sender")


class Hello(_Message):
    """First message of a new session."""

    v: Literal[1]
    rate: int
    channels: int
    legs: list[str]
    name: str = Field("", max_length=128)
    token: str = ""
    notice: NoticeText | None = None
    call_id: str = Field("", max_length=256)
    started_at: str = Field("", max_length=64)
    context: str = Field("", max_length=2000)
    pace: Literal["live", "file"] = "live"
    meta: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _legs_fit(self) -> "Hello":
        if len(self.legs) != self.channels:
            raise ValueError(f"{len(self.legs)} legs for {self.channels} channels")
        if len(set(self.legs)) != len(self.legs):
            raise ValueError("legs must have different names")
        if any(not leg or len(leg) > 64 or "/" in leg for leg in self.legs):
            raise ValueError("a leg's name has 1 to 64 characters and no slash")
        if len(json.dumps(self.meta)) > 2048:
            raise ValueError("meta holds more than 2 kB")
        return self


class Resume(_Message):
    """First message of a later connection."""

    v: Literal[1]
    session: str
    resume_token: str
    token: str = ""


class GapTo(_Message):
    """The sender has no samples from here to position `to`."""

    to: int = Field(ge=0)
    reason: str = Field("unknown", max_length=64)


class Dtmf(_Message):
    """A key was pressed."""

    leg: str
    digit: str = Field(pattern=r"^[0-9A-D*#]$")


class MarkAt(_Message):
    """A note on the time line, at a sample position (default: here)."""

    name: str = Field(min_length=1, max_length=128)
    at: int | None = Field(None, ge=0)


class End(_Message):
    """No samples follow."""

    reason: str = Field("", max_length=128)


class Unknown(_Message):
    """A type that this version does not know; ignored."""

    type: str


Said = Hello | Resume | GapTo | Dtmf | MarkAt | End | Unknown
_TYPES: Final[dict[str, type[Said]]] = {
    "hello": Hello,
    "resume": Resume,
    "gap": GapTo,
    "dtmf": Dtmf,
    "mark": MarkAt,
    "end": End,
}


def parse(text: str) -> Said:
    """Read one text message.

    Raises RefusedError: not an object with `type`, a wrong type of a known field, a rate or a
    number of channels that is not supported.
    """
    try:
        content: Any = json.loads(text)
    except ValueError:
        raise RefusedError(MALFORMED, "a text message must be a JSON object") from None
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise RefusedError(MALFORMED, "a text message must be a JSON object with a `type`")
    kind = _TYPES.get(content["type"], Unknown)
    if kind is Hello:
        _supported(content)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (content["type"], *first["loc"]))
        raise RefusedError(MALFORMED, f"{where}: {first['msg']}") from None


def _supported(content: dict[str, Any]) -> None:
    rate, channels = content.get("rate"), content.get("channels")
    if isinstance(rate, int) and rate not in RATES:
        known = ", ".join(str(one) for one in RATES)
        raise RefusedError(UNSUPPORTED, f"rate {rate} is not supported; use one of {known}")
    if isinstance(channels, int) and channels not in (1, 2):
        raise RefusedError(UNSUPPORTED, f"{channels} channels are not supported; use 1 or 2")


def role_of(leg: str) -> Role:
    """The role that a leg's name means: free names are `other`."""
    roles: dict[str, Role] = {role: role for role in get_args(Role)}
    return roles.get(leg, "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send this JSON text to the sender."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close the connection; nothing follows."""

    code: int
    reason: str = ""


Action = Send | Close


def send(kind: str, **fields: Any) -> Send:
    """A text message to the sender."""
    return Send(text=json.dumps({"type": kind, **fields}, ensure_ascii=False))


def refusal(error: RefusedError) -> list[Action]:
    """What a refused sender gets: an error with a sentence, then the close code."""
    retry = {} if error.retry_s is None else {"retry_s": error.retry_s}
    told = send("error", code=CODES[error.close], detail=error.detail, fatal=True, **retry)
    return [told, Close(code=error.close, reason=_short(error.detail))]


def _short(reason: str) -> str:
    # A close frame carries at most 123 bytes.
    return reason.encode()[:120].decode(errors="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmLimits:
    """Limits of Plain PCM v1."""

    max_message: int = 65_536
    """Bytes."""
    window_s: float = 10.0
    """Sound that may be un-acknowledged; at twice that the connection is closed."""
    resume_for_s: float = 60.0
    """Seconds a broken sender may come back."""
    hello_s: float = 5.0
    silent_s: float = 30.0
    ack_s: float = 1.0
    slow_ms: float = 1000.0
    """Lag from which on a live sender is told `slow`."""
    session_s: float = 4 * 3600.0
    per_token: int = 200
