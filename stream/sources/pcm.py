"""Plain PCM v1, the server's side of one connection, as a state machine without a socket.

How a socket's shell uses it, all on one event loop:

    directory = Directory(host, PcmLimits(), now=time.monotonic)    # one for the server
    ingest = Ingest(directory, allow=token_is_good, header_token=bearer, wake=event.set)
    perform(ingest.receive_text(text))    # for each text message
    perform(ingest.receive_bytes(data))   # for each binary message
    perform(ingest.tick())                # every `ingest.tick_s`, and when `wake` was called
    ingest.disconnected()                 # once, however the connection ended
    directory.tick()                      # every 250 ms, for all senders

`perform` sends a `Send`'s text and closes the socket on a `Close`; after a Close it reads no more.
Refuse a client that does not offer SUBPROTOCOL with HTTP 400 before making an Ingest.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from .directory import Directory, Stream, to_samples
from .pcm_messages import (
    DONE,
    MALFORMED,
    NO_TOKEN,
    REPLACED,
    SILENT,
    TOO_FAR_AHEAD,
    TOO_LARGE,
    Action,
    Close,
    Dtmf,
    End,
    GapTo,
    Hello,
    MarkAt,
    RefusedError,
    Resume,
    Said,
    Unknown,
    parse,
    refusal,
    send,
)

QUIET_ACK_S = 10.0
"""Seconds between two acks while nothing changes."""

log = logging.getLogger(__name__)


class Ingest:
    """One sender's connection.

    `allow` says whether a token may send; `header_token` is that of the HTTP request, used where
    the first message brings none; `wake` is called when `tick` has something to say at once.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        allow: Callable[[str], bool],
        header_token: str = "",
        wake: Callable[[], None] = lambda: None,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._directory = directory
        self._limits = directory.limits
        self._now = directory.now
        self._allow = allow
        self._header_token = header_token
        self._wake = wake
        self._wall = wall
        self._stream: Stream | None = None
        self._closed = False
        self._waiting: list[Action] = []
        self._began = self._heard_at = self._acked_at = self._now()
        self._acked = (0, 0)
        self._unknown: set[str] = set()

    @property
    def session(self) -> str:
        """Id of the session; empty before it is accepted."""
        return self._stream.feed.id if self._stream else ""

    @property
    def closed(self) -> bool:
        """Whether a Close was given, or the connection is gone."""
        return self._closed

    @property
    def tick_s(self) -> float:
        """Seconds until `tick` wants to be called."""
        stream = self._stream
        if stream is None or stream.ending:
            return 0.25
        # While sound comes, each message does what is due.
        return 0.03 if stream.waiting else 1.0

    def receive_text(self, text: str) -> list[Action]:
        """A text message has come."""
        return self._guarded(lambda: self._receive_text(text))

    def receive_bytes(self, data: bytes) -> list[Action]:
        """A binary message has come."""
        return self._guarded(lambda: self._receive_bytes(data))

    def tick(self) -> list[Action]:
        """Time has passed: acks, time-outs, and what others caused."""
        return self._guarded(self._tick)

    def disconnected(self) -> None:
        """The connection is gone; the session waits for a new one."""
        self._closed = True
        if self._stream is not None and self._stream.owner is self:
            self._directory.leave(self._stream)

    def replace(self) -> None:
        """A newer connection has taken the session over; what this one delivers is ignored."""
        reason = "a newer connection has taken this session over"
        self._stream = None
        self._waiting += refusal(RefusedError(REPLACED, reason))
        self._wake()

    def _guarded(self, step: Callable[[], list[Action]]) -> list[Action]:
        if self._closed:
            return []
        actions, self._waiting = self._waiting, []
        if not actions:
            try:
                actions = step()
            except RefusedError as error:
                actions = refusal(error)
        if any(isinstance(action, Close) for action in actions):
            self.disconnected()
        return actions

    def _receive_text(self, text: str) -> list[Action]:
        if len(text.encode()) > self._limits.max_message:
            raise self._too_large(len(text.encode()))
        said = parse(text)
        if self._stream is None:
            return self._first(said)
        if isinstance(said, Hello | Resume):
            raise RefusedError(MALFORMED, "the session has begun already")
        if isinstance(said, Unknown):
            self._note_unknown(said.type)
            return []
        return self._later(said, self._stream)

    def _first(self, said: Said) -> list[Action]:
        if not isinstance(said, Hello | Resume):
            raise RefusedError(MALFORMED, "the first message must be `hello` or `resume`")
        token = said.token or self._header_token
        if not self._allow(token):
            raise RefusedError(NO_TOKEN, "no token, or not the right one")
        if isinstance(said, Hello):
            stream, resume_token = self._directory.open(said, token)
        else:
            resume_token = said.resume_token
            stream = self._directory.resume(said.session, resume_token, token)
        if isinstance(stream.owner, Ingest):
            stream.owner.replace()
        stream.owner, stream.left_at = self, None
        self._stream = stream
        self._heard_at = self._acked_at = self._now()
        self._acked = (stream.received, stream.feed.durable)
        return [self._ready(stream, resume_token)]

    def _ready(self, stream: Stream, resume_token: str) -> Action:
        feed = stream.feed
        reason = {} if feed.scoring else {"scoring_reason": feed.scoring_reason}
        return send(
            "ready",
            v=1,
            session=feed.id,
            resume_token=resume_token,
            next=stream.received,
            scoring=list(feed.scoring),
            **reason,
            max_message=self._limits.max_message,
            window=stream.window,
            resume_for=self._limits.resume_for_s,
            server_time=self._wall().isoformat(timespec="milliseconds"),
        )

    def _later(self, said: GapTo | Dtmf | MarkAt | End, stream: Stream) -> list[Action]:
        if stream.ending:
            return []
        self._heard_at = self._now()
        if isinstance(said, GapTo):
            self._gap(said, stream)
        elif isinstance(said, Dtmf):
            # Which key is not kept: digits may be a card's number.
            stream.feed.mark(f"key pressed: {said.leg}", stream.received)
        elif isinstance(said, MarkAt):
            stream.feed.mark(said.name, stream.received if said.at is None else said.at)
        else:
            stream.ending = True
            stream.pump(self._now())
        return self._progress(stream)

    def _gap(self, gap: GapTo, stream: Stream) -> None:
        if gap.to < stream.received:
            raise RefusedError(
                MALFORMED, f"gap to {gap.to} lies behind the next sample, {stream.received}"
            )
        if gap.to > self._limits.session_s * stream.feed.rate:
            raise RefusedError(MALFORMED, f"gap to {gap.to} is beyond the longest session")
        stream.skip_to(gap.to, gap.reason, self._now())

    def _receive_bytes(self, data: bytes) -> list[Action]:
        if len(data) > self._limits.max_message:
            raise self._too_large(len(data))
        stream = self._stream
        if stream is None:
            raise RefusedError(MALFORMED, "the first message must be `hello` or `resume`")
        width = 2 * stream.feed.channels
        if len(data) % width:
            raise RefusedError(
                MALFORMED, f"{len(data)} bytes are not a whole number of {width}-byte sample frames"
            )
        if stream.ending or not data:
            return []
        self._heard_at = self._now()
        stream.push(to_samples(data, stream.feed.channels), self._heard_at)
        if stream.waiting > 2 * stream.window:
            raise RefusedError(
                TOO_FAR_AHEAD,
                f"{stream.waiting} samples are not acknowledged; wait for `ack` after "
                f"{stream.window}",
            )
        return self._progress(stream)

    def _tick(self) -> list[Action]:
        now, stream = self._now(), self._stream
        if stream is None:
            if now - self._began > self._limits.hello_s:
                raise RefusedError(SILENT, f"no first message in {self._limits.hello_s:g} s")
            return []
        stream.pump(now)
        if stream.waiting:
            # A sender that waits for our acks is not silent.
            self._heard_at = now
        if now - self._heard_at > self._limits.silent_s and not stream.ending:
            raise RefusedError(SILENT, f"no samples and no gap for {self._limits.silent_s:g} s")
        return self._progress(stream)

    def _progress(self, stream: Stream) -> list[Action]:
        """Acks that are due, and the end."""
        rate = stream.feed.rate
        if stream.feed.ended:
            told = send(
                "ended",
                next=stream.received,
                duration_s=round(stream.received / rate, 3),
                session=stream.feed.id,
            )
            return [told, Close(code=DONE)]
        if stream.received >= self._limits.session_s * rate and not stream.ending:
            stream.ending = True
            stream.pump(self._now())
            limit = f"a session lasts {self._limits.session_s / 3600:g} h at most"
            return [send("error", code="session_limit", detail=limit, fatal=False)]
        return self._ack(stream)

    def _ack(self, stream: Stream) -> list[Action]:
        now, taken = self._now(), stream.taken
        waited = now - self._acked_at
        # A sender as fast as we are would wait for each second's ack.
        ahead = taken - self._acked[0] >= stream.window // 4
        if not ahead and waited < self._limits.ack_s:
            return []
        state = taken, stream.feed.durable
        if not ahead and state == self._acked and waited < QUIET_ACK_S:
            return []
        self._acked, self._acked_at = state, now
        lag = stream.lag_ms
        actions: list[Action] = [send("ack", next=state[0], durable=state[1], lag_ms=lag)]
        if lag > self._limits.slow_ms and stream.feed.pace == "live":
            actions.append(send("slow", lag_ms=lag))
        return actions

    def _note_unknown(self, kind: str) -> None:
        if kind not in self._unknown and len(self._unknown) < 8:
            self._unknown.add(kind)
            log.info("session %s: messages of type %.40r are ignored", self.session, kind)

    def _too_large(self, size: int) -> RefusedError:
        return RefusedError(
            TOO_LARGE, f"a message of {size} bytes; at most {self._limits.max_message} are taken"
        )
