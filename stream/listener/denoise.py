"""Steady noise taken away by spectral gating (noisereduce), with a profile frozen from non-speech.

Gating that estimates the noise from the sound itself takes speech for noise, so nothing is changed
until enough sound without speech was heard; from then on its profile stays as it is. The speech
gate listens before, to the sound as it came: whether somebody speaks does not depend on this.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from ...models.grid import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from ...models.window import Float32
from .heard import Bool, Heard, quantise
from .times import CaptureTimes

HOP: Final = 12
"""Frames that are cleaned at a time: 240 ms."""
CONTEXT: Final = 13
"""Frames on both sides that the gating sees beside them: 260 ms, behind which borders vanish."""
PROFILE: Final = 50
"""Frames of non-speech that make a profile: 1 s."""

Clean = Callable[[Float32, Float32], Float32]
"""Sound [n] and noise [m] to cleaned sound [n]."""


class Block(Protocol):
    """What may stand between a leg's gate and its hearers."""

    @property
    def held(self) -> int:
        """Frames held back."""
        ...

    def push(self, heard: Heard) -> list[Heard]:
        """Add frames; return those that are done."""
        ...

    def finish(self) -> list[Heard]:
        """The leg has ended: what is held back."""
        ...


class Plain:
    """Hands on what it gets."""

    held = 0

    def push(self, heard: Heard) -> list[Heard]:
        """The same."""
        return [heard]

    def finish(self) -> list[Heard]:
        """Nothing is held back."""
        return []


class Denoiser:
    """Cleans one leg, hop by hop on its frame grid: any chunking gives the same.

    It holds back 260 ms of context and the unfinished hop, 260 to 500 ms. Frames that touch a gap
    stay as they are. Hops count from `start_frame`.
    """

    def __init__(self, floor_dbfs: float, *, start_frame: int = 0, clean: Clean) -> None:
        self._floor = 10 ** (floor_dbfs / 10)
        self._clean = clean
        self._profile: list[Float32] = []
        """Hops of non-speech; not added to once there are enough."""
        self._next = start_frame
        """First frame that was not handed on; the arrays begin CONTEXT frames before it."""
        self._stop = start_frame
        self._samples: Float32 = np.zeros(CONTEXT * FRAME_SAMPLES, np.float32)
        self._speech: Bool = np.zeros(CONTEXT, np.bool_)
        self._gap: Bool = np.zeros(CONTEXT, np.bool_)
        self._times = CaptureTimes(FRAME_RATE)
        self._leg = ""

    def push(self, heard: Heard) -> list[Heard]:
        """Add frames; return whole hops that are now clean."""
        self._leg, self._stop = heard.leg, heard.stop_frame
        self._times.add(heard.stop_frame, heard.captured_at)
        self._add(heard.samples, heard.speech, heard.gap)
        done = []
        while len(self._speech) >= CONTEXT + HOP + CONTEXT:
            done.append(self._hop(HOP))
        return done

    def finish(self) -> list[Heard]:
        """The leg has ended: what is held back. Silence stands for the context that is missing."""
        done = []
        while (left := self._stop - self._next) > 0:
            missing = max(0, CONTEXT + HOP + CONTEXT - len(self._speech))
            self._add(
                np.zeros(missing * FRAME_SAMPLES, np.float32),
                np.zeros(missing, np.bool_),
                np.ones(missing, np.bool_),
            )
            done.append(self._hop(min(HOP, left)))
        return done

    @property
    def held(self) -> int:
        """Frames held back."""
        return self._stop - self._next

    def _add(self, samples: Float32, speech: Bool, gap: Bool) -> None:
        self._samples = np.concatenate([self._samples, samples])
        self._speech = np.concatenate([self._speech, speech])
        self._gap = np.concatenate([self._gap, gap])

    def _hop(self, count: int) -> Heard:
        """Hand on the next `count` frames and move on by them."""
        whole, inner = CONTEXT + HOP + CONTEXT, slice(CONTEXT, CONTEXT + count)
        sound = self._samples[: whole * FRAME_SAMPLES]
        raw = sound.reshape(whole, FRAME_SAMPLES)[inner]
        samples = raw
        if len(self._profile) * HOP >= PROFILE:
            cleaned = self._clean(sound, np.concatenate(self._profile))
            cleaned = quantise(cleaned).reshape(whole, FRAME_SAMPLES)[inner]
            samples = np.where(self._gap[inner][:, None], raw, cleaned)
        else:
            self._learn(raw, whole)
        heard = Heard(
            leg=self._leg,
            start_frame=self._next,
            samples=samples.reshape(-1),
            speech=self._speech[inner],
            gap=self._gap[inner],
            captured_at=self._times.at(self._next + count),
        )
        self._next += count
        self._samples = self._samples[count * FRAME_SAMPLES :]
        self._speech, self._gap = self._speech[count:], self._gap[count:]
        return heard

    def _learn(self, raw: Float32, whole: int) -> None:
        """Keep a hop as noise if nobody speaks in it or beside it and it can be heard at all."""
        quiet = not (self._speech[:whole] | self._gap[:whole]).any()
        if quiet and float((raw.astype(np.float64) ** 2).mean()) >= self._floor:
            self._profile.append(raw.reshape(-1))


def noisereduce_cleaner() -> Clean:
    """The library's stationary gating; it is imported here, for it takes its time."""
    import noisereduce

    reduce_noise: Any = noisereduce.reduce_noise

    def clean(sound: Float32, noise: Float32) -> Float32:
        cleaned = reduce_noise(
            y=sound,
            sr=SAMPLE_RATE,
            stationary=True,
            y_noise=noise,
            # The context is ours; the library's own padding would only be zeros, and time.
            padding=0,
            chunk_size=None,
        )
        return np.asarray(cleaned, dtype=np.float32)

    return clean
