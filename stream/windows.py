"""The cutter: windows on the leg's frame grid, of true lengths, only where somebody speaks."""

from collections.abc import Sequence

import numpy as np

from ..models.grid import FRAME_RATE, FRAME_SAMPLES
from ..models.window import Float32, Window
from .listener.heard import Bool, Heard
from .settings import WindowSettings


class Cutter:
    """Cuts the windows of one leg.

    Ends lie on the grid at every hop, shifted by `phase_frames`. The window ending at frame E has
    the largest of `lengths` (samples, rising) that fits into what was heard since the leg began or
    was restarted, is speech enough and not too much gap; none is cut when the newest
    `settle_frames` + hop hold no speech: no curve could change then.
    """

    def __init__(
        self,
        leg: str,
        settings: WindowSettings,
        lengths: Sequence[int],
        *,
        phase_frames: int = 0,
        start_frame: int = 0,
        settle_frames: int = 25,
    ) -> None:
        self._leg = leg
        self._settings = settings
        self._hop = settings.hop_frames
        self._lengths = tuple(length // FRAME_SAMPLES for length in lengths)
        self._phase = phase_frames % self._hop
        self._fresh = settle_frames + self._hop
        self.restart(start_frame)

    def restart(self, frame: int) -> None:
        """Forget what was heard: the next windows grow again from `frame` on."""
        self._begin = self._first = frame
        """Frame of the restart; frame of the first kept sample."""
        self._samples: Float32 = np.zeros(0, np.float32)
        self._speech: Bool = np.zeros(0, np.bool_)
        self._gap: Bool = np.zeros(0, np.bool_)
        self._captured_at = 0.0

    def push(self, heard: Heard) -> list[Window]:
        """Add frames; return the windows that now end."""
        if heard.start_frame != self._first + len(self._speech):
            raise ValueError(
                f"leg {self._leg!r}: expected frame {self._first + len(self._speech)}, "
                f"got {heard.start_frame}"
            )
        before = heard.start_frame
        self._samples = np.concatenate([self._samples, heard.samples])
        self._speech = np.concatenate([self._speech, heard.speech])
        self._gap = np.concatenate([self._gap, heard.gap])
        first = before + self._hop - (before - self._phase) % self._hop
        self._captured_at = heard.captured_at
        windows = []
        for end in range(first, heard.stop_frame + 1, self._hop):
            behind = (heard.stop_frame - end) / FRAME_RATE
            window = self._cut(end, heard.captured_at - behind)
            if window is not None:
                windows.append(window)
        self._forget(heard.stop_frame)
        return windows

    def last(self) -> list[Window]:
        """The window that ends with the leg, off the hop grid, if one is due there."""
        end = self._first + len(self._speech)
        if (end - self._phase) % self._hop == 0:
            return []
        window = self._cut(end, self._captured_at)
        return [] if window is None else [window]

    def _cut(self, end: int, captured_at: float) -> Window | None:
        """The longest window that may be read; a shorter one is, soon after a silence."""
        lengths = self._lengths_at(end)
        for length in reversed(lengths):
            if length <= end - self._begin and self._may_read(end, length):
                return self._window(end, length, captured_at, warming_up=length < lengths[-1])
        return None

    def _lengths_at(self, end: int) -> Sequence[int]:
        """Lengths, in frames, of which a window that ends here may be: the fast curve's, or all."""
        fast = self._settings.fast_ms
        if fast is None or (end - self._phase) // self._hop % self._settings.full_every == 0:
            return self._lengths
        short = [length for length in self._lengths if length * 1000 <= fast * FRAME_RATE]
        return short or self._lengths[:1]

    def _may_read(self, end: int, length: int) -> bool:
        rows = slice(end - length - self._first, end - self._first)
        speech = self._speech[rows]
        least = max(
            self._settings.min_speech_share * length, self._settings.min_speech_s * FRAME_RATE
        )
        return bool(
            speech.sum() >= least
            and self._gap[rows].sum() <= self._settings.max_gap_share * length
            and speech[-self._fresh :].any()
        )

    def _window(self, end: int, length: int, captured_at: float, *, warming_up: bool) -> Window:
        first = end - length - self._first
        samples = self._samples[first * FRAME_SAMPLES : (first + length) * FRAME_SAMPLES]
        return Window(
            leg=self._leg,
            start_frame=end - length,
            samples=samples.copy(),
            speech=float(self._speech[first : first + length].mean()),
            captured_at=captured_at,
            warming_up=warming_up,
        )

    def _forget(self, stop: int) -> None:
        """Keep only what a later window can hold."""
        drop = stop - self._lengths[-1] - self._first
        if drop > 0:
            self._samples = self._samples[drop * FRAME_SAMPLES :].copy()
            self._speech, self._gap = self._speech[drop:].copy(), self._gap[drop:].copy()
            self._first += drop
