"""Windows that wait for the engine, and which of them it reads next. Pure; a lock around it is the
caller's."""

import heapq
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from ..models.window import Window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A window that waits for the engine."""

    window: Window
    live: bool
    """Whether a newer window of the leg may take its place."""
    queued_at: float
    """Monotonic seconds."""


def plan_batch(
    legs: Iterable[Sequence[Task]], *, size: int, max_wait: float, now: float
) -> tuple[list[Task], float]:
    """The windows to run now, or none and the time at which to ask again.

    `legs`: what waits of each leg, at least one window, in order. Live legs go first, the one with
    the oldest sound first, and of a leg all that waits: what was asked for together is answered
    together. A batch is run when it is full or one of its windows has waited `max_wait` seconds;
    recordings have no time to keep and do not wait.
    """
    # Of a recording the capture times tell nothing: it is read faster than time.
    first = heapq.nsmallest(
        size, legs, key=lambda leg: (not leg[0].live, leg[0].live and leg[0].window.captured_at)
    )
    batch = list(islice(chain.from_iterable(first), size))
    due = min((task.queued_at + max_wait * task.live for task in batch), default=math.inf)
    return (batch, now) if batch and (len(batch) == size or now >= due) else ([], due)


class Waiting:
    """Waiting windows, leg by leg: thousands of them cost no more to choose from than legs do."""

    def __init__(self) -> None:
        self._legs: dict[str, deque[Task]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, task: Task) -> None:
        """A window comes behind those of its leg."""
        self._legs.setdefault(task.window.leg, deque()).append(task)
        self._count += 1

    def take_out(self, leg: str, *, but: int = 0) -> list[Window]:
        """Take the leg's windows out, all `but` the newest few."""
        mine = self._legs.get(leg, deque())
        return [self._pop(leg).window for _ in range(len(mine) - but)]

    def take(self, *, size: int, max_wait: float, now: float) -> tuple[list[Task], float]:
        """Take out what is to run now (`plan_batch`)."""
        batch, due = plan_batch(self._legs.values(), size=size, max_wait=max_wait, now=now)
        return [self._pop(task.window.leg) for task in batch], due

    def clear(self) -> list[Task]:
        """Take out everything."""
        every = [task for leg in self._legs.values() for task in leg]
        self._legs, self._count = {}, 0
        return every

    def _pop(self, leg: str) -> Task:
        """The oldest window of a leg; a leg without any is forgotten."""
        mine = self._legs[leg]
        task = mine.popleft()
        if not mine:
            del self._legs[leg]
        self._count -= 1
        return task
