"""The cutter for engines that remember: only new sound, from the start of speech to its end.

A run begins where somebody began to speak and goes on through pauses; its windows follow each other
without a hole or an overlap, so every frame is read once, whatever the hop.
"""

from collections import deque

import numpy as np

from ..models.grid import FRAME_RATE, FRAME_SAMPLES
from ..models.window import Float32, Window
from .audio import in_one
from .listener.heard import Heard
from .settings import WindowSettings

LEAD = 12
"""Frames before the first frame of speech that a run begins with: the speech gate is late."""
PAUSE = 37
"""Frames without speech after which a run ends, and after which a voice begins anew."""
SEARCH = 50
"""Frames in which the least speech must lie that begins a run."""
YOUNG = 50
"""Frames of a run that count as warming up."""


class RunCutter:
    """Cuts the windows of one leg for a streaming engine; used as `windows.Cutter` is.

    Ends lie on the grid at every hop, shifted by `phase_frames`. A run begins once the newest
    second holds `min_speech_s` of speech (or `min_speech_share`, if that is more), and reaches back
    to where the voice began, at most `reach` frames; it ends after `PAUSE` frames without speech
    (more where hops are long) or at a hop with too much gap.
    """

    def __init__(
        self,
        leg: str,
        settings: WindowSettings,
        *,
        delay_frames: int,
        phase_frames: int = 0,
        start_frame: int = 0,
    ) -> None:
        self._leg = leg
        self._settings = settings
        self._hop = settings.hop_frames
        self._phase = phase_frames % self._hop
        # A hop behind the last speech must still bring the answers that lag.
        self._pause = max(PAUSE, self._hop + delay_frames + 1)
        self._least = max(settings.min_speech_s * FRAME_RATE, settings.min_speech_share * SEARCH)
        self.restart(start_frame)

    @staticmethod
    def reach(settings: WindowSettings) -> int:
        """Frames behind the newest one in which a window can still begin."""
        return LEAD + PAUSE + SEARCH + settings.hop_frames

    def restart(self, frame: int) -> None:
        """Forget what was heard: the next run begins at `frame` or behind it."""
        self._first = frame
        """Frame of the first kept flag."""
        self._sound: deque[Heard] = deque()
        """Every kept frame's sound, in the pieces in which it came."""
        self._speech, self._gap = bytearray(), bytearray()
        """Flags of the kept frames, a byte each: so few are counted sooner than in arrays."""
        self._captured_at = 0.0
        self._run: int | None = None
        """Frame at which the present run began."""
        self._read = frame
        """First frame that no window holds yet."""

    def push(self, heard: Heard) -> list[Window]:
        """Add frames; return the windows that now end."""
        stop = self._first + len(self._speech)
        if heard.start_frame != stop:
            raise ValueError(f"leg {self._leg!r}: expected frame {stop}, got {heard.start_frame}")
        self._sound.append(heard)
        self._speech += heard.speech.tobytes()
        self._gap += heard.gap.tobytes()
        self._captured_at = heard.captured_at
        windows = []
        for end in range(
            stop + self._hop - (stop - self._phase) % self._hop, heard.stop_frame + 1, self._hop
        ):
            behind = (heard.stop_frame - end) / FRAME_RATE
            windows += self._cut(end, heard.captured_at - behind)
        self._forget()
        return windows

    def last(self) -> list[Window]:
        """The window that ends with the leg, off the hop grid, if one is due there."""
        end = self._first + len(self._speech)
        return self._cut(end, self._captured_at) if (end - self._phase) % self._hop else []

    def _cut(self, end: int, captured_at: float) -> list[Window]:
        """The window that ends at `end`, if a run goes on or begins there."""
        if self._broken(end):
            self._run, self._read = None, end
            return []
        if self._run is not None and not self._spoken(end - self._pause, end):
            self._run = None
        if self._run is None:
            if self._spoken(end - SEARCH, end) < self._least:
                return []
            self._run = self._onset(end)
            self._read = max(self._read, self._run)
            self._run = self._read
        start, self._read = self._read, end
        return [self._window(start, end, captured_at)]

    def _broken(self, end: int) -> bool:
        """Whether too much of the newest hop is missing."""
        missing = self._gap.count(1, max(0, end - self._hop - self._first), end - self._first)
        return missing > self._settings.max_gap_share * self._hop

    def _onset(self, end: int) -> int:
        """Where the voice that is heard at `end` began, and a little before it."""
        begin = max(self._first, end - SEARCH - PAUSE)
        flags = self._speech[begin - self._first : end - self._first]
        spoken = np.flatnonzero(np.frombuffer(flags, np.bool_))
        pauses = np.flatnonzero(np.diff(spoken) > PAUSE)
        first = spoken[pauses[-1] + 1] if len(pauses) else spoken[0]
        return int(begin + first - LEAD)

    def _spoken(self, first: int, stop: int) -> int:
        """How many of the frames [first, stop) hold speech, of those that are kept."""
        return self._speech.count(1, max(0, first - self._first), stop - self._first)

    def _window(self, start: int, end: int, captured_at: float) -> Window:
        parts: deque[Float32] = deque()
        for piece in reversed(self._sound):
            if piece.stop_frame <= start:
                break
            first, stop = max(start, piece.start_frame), min(end, piece.stop_frame)
            if first < stop:
                kept = slice(first - piece.start_frame, stop - piece.start_frame)
                parts.appendleft(
                    piece.samples[kept.start * FRAME_SAMPLES : kept.stop * FRAME_SAMPLES]
                )
        assert self._run is not None
        return Window(
            leg=self._leg,
            start_frame=start,
            samples=in_one(parts),
            speech=self._spoken(start, end) / (end - start),
            captured_at=captured_at,
            warming_up=end - self._run < YOUNG,
        )

    def _forget(self) -> None:
        """Keep only what a later window can hold."""
        drop = len(self._speech) - self.reach(self._settings)
        if drop > 0:
            del self._speech[:drop], self._gap[:drop]
            self._first += drop
            while self._sound and self._sound[0].stop_frame <= self._first:
                self._sound.popleft()
