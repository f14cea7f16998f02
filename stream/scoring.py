"""One scored leg without threads: core and engine, windows in batches. For files and replays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..models.engine import Engine
from ..models.window import Frames, Window
from .events import Episode
from .listener.heard import Heard
from .pipeline import LegCore, LegUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One step of a leg: an answer of the engine, a rest in a long silence, or the end."""

    update: LegUpdate
    episodes: tuple[Episode, ...]
    """Episodes that opened, moved or closed."""
    answer: Frames | None = None
    """The engine's answer that brought it; None for a rest or the end."""
    poor: str = ""
    """Why the audio was too poor to say; empty where it was not."""


class Scorer:
    """Feeds a core and reads its windows `batch` at a time.

    The batch changes nothing but the speed: the core's answers come in the order of the windows.
    `judge(window)` says why the audio of a window is too poor to say, or nothing.
    """

    def __init__(
        self,
        core: LegCore,
        engine: Engine,
        *,
        batch: int,
        judge: Callable[[Window], str] = lambda window: "",
        wanted: Callable[[Window], bool] = lambda window: True,
    ) -> None:
        self._core = core
        self._engine = engine
        self._batch = batch
        self._judge = judge
        self._wanted = wanted
        self._waiting: list[Window] = []

    def hear(self, heard: Heard) -> Iterator[Scored]:
        """Add frames of sound; what they change. Raises EngineError."""
        windows = self._core.hear(heard)
        self._waiting += [window for window in windows if self._wanted(window)]
        while len(self._waiting) >= self._batch:
            yield from self._read(self._batch)
        if not self._waiting and (update := self._core.rest()) is not None:
            yield Scored(update=update, episodes=update.decision.episodes)

    def restart(self, frame: int) -> Iterator[Scored]:
        """Sound breaks off: read what waits, settle what is known, go on at `frame`."""
        yield from self._read(len(self._waiting))
        update = self._core.restart(frame)
        yield Scored(update=update, episodes=update.decision.episodes)

    def finish(self) -> Iterator[Scored]:
        """The leg has ended: read what waits, settle the rest, close the open episode."""
        self._waiting += [window for window in self._core.last() if self._wanted(window)]
        yield from self._read(len(self._waiting))
        update, closed = self._core.finish()
        yield Scored(update=update, episodes=(*update.decision.episodes, *closed))

    def drop(self) -> Iterator[Scored]:
        """Consent was withdrawn: read what was answered, settle and close nothing."""
        yield from self._read(len(self._waiting))

    def _read(self, count: int) -> Iterator[Scored]:
        windows, self._waiting = self._waiting[:count], self._waiting[count:]
        for start in range(0, len(windows), self._batch):
            part = windows[start : start + self._batch]
            for window, frames in zip(part, self._engine.infer(part), strict=True):
                poor = self._judge(window)
                update = self._core.read(frames, poor)
                yield Scored(
                    update=update, episodes=update.decision.episodes, answer=frames, poor=poor
                )


def spans(steps: Sequence[Scored]) -> list[tuple[int, int, bool]]:
    """The answers among steps, as the record keeps them."""
    return [
        (step.answer.start_frame, step.answer.stop_frame, bool(step.poor))
        for step in steps
        if step.answer is not None
    ]
