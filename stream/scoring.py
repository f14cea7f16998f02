"""One scored leg without a clock: core and engine, windows in batches. For files and replays."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType

from ..models.engine import Engine
from ..models.window import Frames, Window
from .answers import Judged
from .events import Episode
from .listener.heard import Heard
from .pipeline import LegCore, LegUpdate

Ask = Callable[[Sequence[Window]], Callable[[], list[Frames]]]
"""Has windows read; what it returns waits for the answers. Both raise EngineError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One step of a leg: an answer of the engine, a rest in a long silence, or the end."""

    update: LegUpdate
    episodes: tuple[Episode, ...]
    """Episodes that opened, moved or closed."""
    answers: tuple[Judged, ...] = ()
    """The engine's answers that brought it; none for a rest or the end."""

    @property
    def poor(self) -> bool:
        """Whether the audio was too poor to say."""
        return any(answer.poor for answer in self.answers)


class Scorer:
    """Feeds a core and has its windows read `batch` at a time, at most `ahead` batches ahead.

    Neither changes anything but the speed: the core takes the answers in the order of the windows.
    `judge(window)` says why the audio of a window is too poor to say, or nothing;
    `trust(window)` how many percent of a confidence its line leaves.
    """

    def __init__(
        self,
        core: LegCore,
        ask: Ask,
        *,
        batch: int,
        ahead: int = 0,
        judge: Callable[[Window], str] = lambda window: "",
        trust: Callable[[Window], int] = lambda window: 100,
        wanted: Callable[[Window], bool] = lambda window: True,
    ) -> None:
        self._core = core
        self._ask = ask
        self._batch = batch
        self._ahead = ahead
        self._judge = judge
        self._trust = trust
        self._wanted = wanted
        self._waiting: list[tuple[Window, str, int]] = []
        self._missed = False
        """Whether the newest window was not wanted."""
        self._asked: deque[tuple[list[tuple[str, int]], Callable[[], list[Frames]]]] = deque()

    def hear(self, heard: Heard) -> Iterator[Scored]:
        """Add frames of sound; what they change. Raises EngineError."""
        self._add(self._core.hear(heard))
        while len(self._waiting) >= self._batch:
            self._ask_next()
        while len(self._asked) > self._ahead:
            yield from self._take()
        if not self._waiting and not self._asked and (update := self._core.rest()) is not None:
            yield Scored(update=update, episodes=update.decision.episodes)

    def restart(self, frame: int) -> Iterator[Scored]:
        """Sound breaks off: read what waits, settle what is known, go on at `frame`."""
        yield from self._read_waiting()
        update = self._core.restart(frame)
        yield Scored(update=update, episodes=update.decision.episodes)

    def finish(self) -> Iterator[Scored]:
        """The leg has ended: read what waits, settle the rest, close the open episode."""
        self._add(self._core.last())
        yield from self._read_waiting()
        update, closed = self._core.finish()
        yield Scored(update=update, episodes=(*update.decision.episodes, *closed))

    def break_off(self) -> Iterator[Scored]:
        """Scoring was stopped or the process killed: read what waits, settle no speech, close
        nothing. A newest window that is not wanted was still waited for then: no rest."""
        yield from self._read_waiting()
        if not self._missed and (update := self._core.rest()) is not None:
            yield Scored(update=update, episodes=update.decision.episodes)

    def _add(self, windows: Sequence[Window]) -> None:
        for window in windows:
            self._missed = not self._wanted(window)
            if not self._missed:
                self._waiting.append((window, self._judge(window), self._trust(window)))

    def _read_waiting(self) -> Iterator[Scored]:
        while self._waiting:
            self._ask_next()
        while self._asked:
            yield from self._take()

    def _ask_next(self) -> None:
        some, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        answers = self._ask([window for window, _, _ in some])
        self._asked.append(([(poor, trust) for _, poor, trust in some], answers))

    def _take(self) -> Iterator[Scored]:
        judged, answers = self._asked.popleft()
        read = [
            Judged(frames=frames, poor=poor, trust=trust)
            for (poor, trust), frames in zip(judged, answers(), strict=True)
        ]
        for update, group in self._core.read_all(read):
            yield Scored(update=update, episodes=update.decision.episodes, answers=tuple(group))


def at_once(engine: Engine) -> Ask:
    """Have windows read where they are asked for."""

    def ask(windows: Sequence[Window]) -> Callable[[], list[Frames]]:
        answers = engine.infer(windows)
        return lambda: answers

    return ask


class Readers:
    """Engines that read beside the thread that listens, one thread each. A context manager."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = tuple(engines)
        self._free: SimpleQueue[Engine] = SimpleQueue()
        for engine in self._engines:
            self._free.put(engine)
        self._threads = ThreadPoolExecutor(len(self._engines), thread_name_prefix="reader")

    @property
    def ahead(self) -> int:
        """Batches to ask for in advance, so that no engine waits."""
        return 2 * len(self._engines)

    def ask(self, windows: Sequence[Window]) -> Callable[[], list[Frames]]:
        """Have windows read by the next free engine."""
        return self._threads.submit(self._read, windows).result

    def open(self, leg: str) -> None:
        """A leg begins; before anything is asked."""
        for engine in self._engines:
            engine.open(leg)

    def close(self, leg: str) -> None:
        """A leg has ended; after everything was answered."""
        for engine in self._engines:
            engine.close(leg)

    def __enter__(self) -> "Readers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _read(self, windows: Sequence[Window]) -> list[Frames]:
        engine = self._free.get()
        try:
            return engine.infer(windows)
        finally:
            self._free.put(engine)


def spans(steps: Sequence[Scored]) -> list[tuple[int, int, int]]:
    """The answers among steps, as the record keeps them."""
    return [one.span for step in steps for one in step.answers]
