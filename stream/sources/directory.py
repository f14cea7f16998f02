"""Sessions of Plain PCM senders, kept over broken connections: who may come back, and where to.

One event loop owns a Directory, its streams and the connections (pcm.py). What lies behind is a
`Host`, whose calls do not block.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from ...models.window import Float32
from .pcm_messages import TOO_MANY, UNKNOWN_SESSION, Hello, PcmLimits, RefusedError

RETRY_S = 5.0
"""What a sender beyond a limit is told to wait."""


class Feed(Protocol):
    """A session, as a sender sees it (stream/session.py is one)."""

    @property
    def id(self) -> str:
        """Id of the session."""

    @property
    def rate(self) -> int:
        """Samples per second."""

    @property
    def channels(self) -> int:
        """Number of legs."""

    @property
    def pace(self) -> Literal["live", "file"]:
        """Whether the sender is as fast as time or as fast as we are."""

    @property
    def scoring(self) -> tuple[str, ...]:
        """Names of the legs that are scored."""

    @property
    def scoring_reason(self) -> str:
        """Why none is, in words."""

    @property
    def position(self) -> int:
        """Samples taken so far, gaps included."""

    @property
    def free(self) -> int:
        """Samples that can be taken without losing older ones."""

    @property
    def durable(self) -> int:
        """Samples that are on disk."""

    @property
    def lag_s(self) -> float:
        """Seconds of sound that were taken and not listened to yet."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is taken."""

    def write(self, block: Float32, captured_at: float | None = None) -> bool:
        """Take samples [n, channels]."""

    def gap(self, length: int, reason: str, captured_at: float | None = None) -> bool:
        """Take a stretch without samples."""

    def mark(self, name: str, at: int | None = None) -> None:
        """Note something at a sample position."""

    def end(self, state: Literal["ended", "lost"] = "ended", reason: str = "") -> None:
        """No samples follow."""


class Host(Protocol):
    """Where sessions come from."""

    def open(self, hello: Hello, resume_hash: str) -> Feed:
        """Begin a session. Raises RefusedError."""

    def restore(self, session: str, resume_hash: str) -> Feed | None:
        """Take up a session that an earlier process left; its position is what was on disk.

        None if there is none, or if the hash is not its own. Raises RefusedError.
        """


@dataclass(slots=True, kw_only=True)
class _Piece:
    length: int
    captured_at: float
    samples: Float32 | None = None
    reason: str = ""


class Stream:
    """One session's way in: what was received and does not fit into the session yet waits here."""

    def __init__(
        self, feed: Feed, *, resume_hash: str, holder: str, limits: PcmLimits, now: float
    ) -> None:
        self.feed = feed
        self.resume_hash = resume_hash
        self.holder = holder
        self.owner: object | None = None
        """The connection that may deliver; the newest one."""
        self.left_at: float | None = now
        """When the last connection went; None while there is one."""
        self.ending = False
        """Whether the sender said that no samples follow."""
        self.window = round(limits.window_s * feed.rate)
        self._patience_s = limits.window_s
        self._pieces: deque[_Piece] = deque()
        self._waiting = 0
        self.received = feed.position
        """Position of the next sample expected."""

    @property
    def taken(self) -> int:
        """Position of the first sample that the session has not taken."""
        return self.received - sum(piece.length for piece in self._pieces)

    @property
    def waiting(self) -> int:
        """Samples that wait for room, gaps left out."""
        return self._waiting

    @property
    def lag_ms(self) -> int:
        """Sound that was received and not listened to, in milliseconds."""
        return round((self._waiting / self.feed.rate + self.feed.lag_s) * 1000)

    def push(self, samples: Float32, now: float) -> None:
        """Receive samples [n, channels]."""
        self._pieces.append(_Piece(length=len(samples), captured_at=now, samples=samples))
        self._waiting += len(samples)
        self.received += len(samples)
        self.pump(now)

    def skip_to(self, position: int, reason: str, now: float) -> None:
        """Receive a gap up to `position`."""
        length = position - self.received
        if length > 0:
            self._pieces.append(_Piece(length=length, captured_at=now, reason=reason))
            self.received = position
            self.pump(now)

    def pump(self, now: float) -> None:
        """Hand on what the session has room for.

        A live sender's sound does not wait for ever: after some seconds it goes in all the same,
        and the session loses its oldest (a gap of exactly that length).
        """
        while self._pieces:
            piece, room = self._pieces[0], self.feed.free
            late = now - piece.captured_at > self._patience_s and self.feed.pace == "live"
            if piece.samples is None:
                part = piece.length if late else min(piece.length, room)
                if not part:
                    return
                self.feed.gap(part, piece.reason, piece.captured_at)
                piece.length -= part
                if piece.length:
                    continue
            elif piece.length <= room or late:
                self.feed.write(piece.samples, piece.captured_at)
                self._waiting -= piece.length
            else:
                return
            self._pieces.popleft()
        if self.ending and not self.feed.ended:
            self.feed.end()


class Directory:
    """All streams of one server. Call `tick` at least four times a second."""

    def __init__(
        self,
        host: Host,
        limits: PcmLimits,
        *,
        now: Callable[[], float],
        make_token: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    ) -> None:
        self.limits = limits
        self.now = now
        self._host = host
        self._make_token = make_token
        self._streams: dict[str, Stream] = {}

    def open(self, hello: Hello, token: str) -> tuple[Stream, str]:
        """Begin a session; the stream and the token to come back with. Raises RefusedError."""
        holder = hash_of(token)
        held = sum(stream.holder == holder for stream in self._streams.values())
        if held >= self.limits.per_token:
            raise RefusedError(
                TOO_MANY,
                f"this token holds {held} sessions already; try again in {RETRY_S:g} s",
                retry_s=RETRY_S,
            )
        resume_token = self._make_token()
        feed = self._host.open(hello, hash_of(resume_token))
        return self._add(feed, hash_of(resume_token), holder), resume_token

    def resume(self, session: str, resume_token: str, token: str) -> Stream:
        """Find a session again. Raises RefusedError where it is not known or has ended."""
        resume_hash = hash_of(resume_token)
        stream = self._streams.get(session)
        if stream is None:
            feed = self._host.restore(session, resume_hash)
            if feed is not None:
                return self._add(feed, resume_hash, hash_of(token))
        elif secrets.compare_digest(stream.resume_hash, resume_hash) and not stream.feed.ended:
            return stream
        raise RefusedError(
            UNKNOWN_SESSION, f"session {session} is not known or has ended; begin with `hello`"
        )

    def leave(self, stream: Stream) -> None:
        """The stream's connection has gone; it may come back for a while."""
        stream.owner = None
        stream.left_at = self.now()

    def tick(self) -> None:
        """Hand on what waits, close sessions whose senders did not come back."""
        now = self.now()
        for session, stream in list(self._streams.items()):
            stream.pump(now)
            left = stream.left_at
            if left is not None and now - left > self.limits.resume_for_s and not stream.ending:
                stream.feed.end("lost", "the sender did not come back")
            if stream.feed.ended and stream.owner is None:
                del self._streams[session]

    def __len__(self) -> int:
        return len(self._streams)

    def _add(self, feed: Feed, resume_hash: str, holder: str) -> Stream:
        stream = Stream(
            feed, resume_hash=resume_hash, holder=holder, limits=self.limits, now=self.now()
        )
        self._streams[feed.id] = stream
        return stream


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def to_samples(data: bytes, channels: int) -> Float32:
    """Interleaved s16 little-endian bytes as float32 [n, channels] in [-1, 1)."""
    steps = np.frombuffer(data, dtype="<i2").reshape(-1, channels)
    return (steps / np.float32(32768)).astype(np.float32, copy=False)
