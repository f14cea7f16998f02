"""The signal thread: it owns every session's core and is the only one that works on them.

It sleeps until there is sound, an answer or an order. Sound is gathered for a tick before it is
listened to, so that many legs share one call of the speech gate; answers are not made to wait.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from .audio import Chunk, Gap
from .call import Call
from .engine_thread import Answer
from .events import Fault
from .leg import Leg
from .listener.gate import Vad
from .listener.listener import finish, listen
from .worker import Worker

TICK_S = 0.02
"""Least time between two rounds of listening: one frame."""
LONGEST_TICK_S = 0.16
"""A hop of the default model: of a leg that is heard less often, windows come in pairs, which costs
less, but while a long round lasts the engine has nothing to do, and then too much."""
ROUNDS = 4
"""A tick is so many times as long as a round takes, within these bounds."""
TOGETHER = 48
"""Legs that are listened to together. More make a call of the gate no cheaper, and the engine has
what it can begin with the sooner."""
ACTIVITY_S = 0.25
"""Time between two events of a leg's meters."""
SECOND_S = 1.0

log = logging.getLogger(__name__)


class SignalThread(Worker):
    """Runs all calls. Methods from any thread, where nothing else is said.

    `on_second` is called from the thread once a second; `on_ended(call)` when a call's sound is
    read and answered, or when it is `broken`: it lets the call finish and sets `closed`;
    `gathering()` is entered while the windows of a round are submitted.
    """

    def __init__(
        self,
        *,
        on_ended: Callable[[Call], None],
        on_second: Callable[[], None],
        on_fault: Callable[[Fault], None],
        now: Callable[[], float],
        gathering: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        super().__init__("signal")
        self._gathering = gathering
        self._on_ended = on_ended
        self._on_second = on_second
        self._on_fault = on_fault
        self._now = now
        self._sound = False
        self._orders: list[Callable[[], None]] = []
        self._answers: list[Answer] = []
        self._calls: list[Call] = []
        self._legs: dict[str, tuple[Call, Leg]] = {}
        self._vad: Vad | None = None
        self._listened_at = self._activity_at = self._second_at = now()
        self._tick = TICK_S

    def wake(self) -> None:
        """There is sound in some ring, or a session was told to end."""
        # Read without the lock: a source that writes often must not queue for it each time.
        if not self._sound:
            with self._changed:
                self._sound = True
                self._changed.notify()

    def order(self, act: Callable[[], None]) -> None:
        """Let the thread do something, in the order given."""
        with self._changed:
            self._orders.append(act)
            self._changed.notify()

    def deliver(self, answers: Sequence[Answer]) -> None:
        """The engine has answered."""
        with self._changed:
            self._answers += answers
            self._changed.notify()

    def add(self, call: Call) -> None:
        """Work on a call from now on. Only by an order."""
        self._calls.append(call)
        for leg in call.legs:
            self._legs[leg.key] = (call, leg)

    @property
    def calls(self) -> Sequence[Call]:
        """The calls that are worked on. Only in the thread."""
        return self._calls

    def _run(self) -> None:
        while True:
            orders, answers, stopping = self._wait()
            if stopping:
                return
            for act in orders:
                self._guarded(act)
            self._read(answers)
            now = self._now()
            if now >= self._due():
                self._round(now)

    def _wait(self) -> tuple[list[Callable[[], None]], list[Answer], bool]:
        with self._changed:
            while not (self._orders or self._answers or self._stopping):
                rest = self._due() - self._now()
                if rest <= 0:
                    break
                self._changed.wait(rest)
            orders, self._orders = self._orders, []
            answers, self._answers = self._answers, []
            return orders, answers, self._stopping

    def _due(self) -> float:
        """When the next round is due."""
        if self._busy():
            return self._listened_at
        if self._sound:
            return self._listened_at + self._tick
        second = self._second_at + SECOND_S
        return min(second, self._activity_at + ACTIVITY_S) if self._calls else second

    def _busy(self) -> bool:
        return any(call.busy for call in self._calls)

    def _round(self, now: float) -> None:
        self._sound = False
        self._listened_at = now
        self._guarded(self._listen)
        for call in self._calls:
            self._in_call(call, self._end, call)
        if now >= self._activity_at + ACTIVITY_S:
            self._activity_at = now
            for call in self._calls:
                self._in_call(call, call.tell_activity)
        if now >= self._second_at + SECOND_S:
            self._second_at = now
            for call in self._calls:
                self._in_call(call, call.rest)
            self._guarded(self._on_second)
        # Where a round is long, fewer of them cost less: each leg's part of it is mostly the same,
        # however much sound it has.
        took = self._now() - now
        self._tick = min(LONGEST_TICK_S, max(TICK_S, ROUNDS * took))

    def _listen(self) -> None:
        batch: list[tuple[Call, Leg, list[Chunk | Gap]]] = []
        for call in self._calls:
            batch += [(call, leg, items) for leg, items in call.drain()]
        for first in range(0, len(batch), TOGETHER):
            some = batch[first : first + TOGETHER]
            heard = listen([(leg.listener, items) for _, leg, items in some], self._gate())
            with self._gathering():
                for (call, leg, _), pieces in zip(some, heard, strict=True):
                    self._in_call(call, call.hear, leg, pieces)
            if len(batch) > TOGETHER:
                with self._changed:
                    answers, self._answers = self._answers, []
                self._read(answers)

    def _read(self, answers: Sequence[Answer]) -> None:
        for leg, some in _by_leg(answers).items():
            self._answer(leg, some)

    def _answer(self, key: str, answers: Sequence[Answer]) -> None:
        call, leg = self._legs.get(key, (None, None))
        if call is not None and leg is not None:
            self._in_call(call, call.answer, leg, answers)
            # A call that has ended waits for its last answers only.
            self._sound = self._sound or call.finishing

    def _end(self, call: Call) -> None:
        if call.at_end:
            gate = self._gate()
            call.finish_sound(lambda listener: finish(listener, gate))
        if not call.closed and (call.answered or call.broken):
            self._on_ended(call)
        if call.closed:
            self._calls = [other for other in self._calls if other is not call]
            for leg in call.legs:
                self._legs.pop(leg.key, None)

    def _gate(self) -> Vad:
        if self._vad is None:
            self._vad = Vad()
        return self._vad

    def _in_call(self, call: Call, act: Callable[..., None], *arguments: object) -> None:
        """A defect in one session must not end the monitoring of all others."""
        try:
            act(*arguments)
        except Exception as error:
            log.exception("session %s", call.session.id)
            call.broken = self._sound = True
            self._on_fault(_fault(f"the session failed: {error}", call.session.id))

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            log.exception("signal thread")
            self._on_fault(_fault(f"the signal thread failed: {error}"))


def _by_leg(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """A leg's answers keep their order; what has come meanwhile is read together."""
    legs: dict[str, list[Answer]] = {}
    for answer in answers:
        legs.setdefault(answer.window.leg, []).append(answer)
    return legs


def _fault(message: str, session: str = "") -> Fault:
    return Fault(
        code="signal",
        message=message,
        way_out="see the log and report it; other sessions go on",
        session=session,
    )
