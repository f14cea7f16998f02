"""The speech gate: Silero VAD (MIT, see NOTICE) through ONNX Runtime, many legs in one call."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from ...models.grid import FRAME_SAMPLES, SAMPLE_RATE
from ...models.window import Float32
from ..audio import in_one
from ..settings import ListenerSettings
from .heard import Bool

BLOCK: Final = 512
"""Samples that the network reads at a time: 32 ms."""
CONTEXT: Final = 64
"""Samples before the block that it wants to see again."""
SETTLED: Final = 16
"""Blocks under the floor (0.5 s) after which those that follow are silence without asking the
network: a leg on which nobody speaks is often digital silence. Its memory stays as it is, so that
it opens no later afterwards, at most some frames sooner."""
_STATE: Final = 128


class Vad:
    """The network alone: blocks and states in, probabilities and states out. Rows of a call do not
    touch each other: a leg's numbers are the same alone or among many."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = Path(__file__).with_name("silero_vad.onnx")
        self._session = ort.InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(SAMPLE_RATE, dtype=np.int64)

    def run(self, blocks: Float32, state: Float32) -> tuple[Float32, Float32]:
        """Blocks [B, 64 + 512] and states [2, B, 128] to probabilities [B] and new states."""
        probability, state = self._session.run(
            None, {"input": blocks, "state": state, "sr": self._rate}
        )
        return probability[:, 0], state


class Gate:
    """One leg's state: what the network remembers, how loud the leg is, and hysteresis with a hold.

    The network hears a levelled copy: whether it takes a voice for one depends on its level. The
    reference is the power of the loudest block, falling slowly, so that a quiet line is raised from
    its first block on, and a loud one is left as it is. Powers are sums of whole numbers below
    2 ** 53, hence exact: any chunking hears the same copy.
    """

    def __init__(self, settings: ListenerSettings) -> None:
        self._settings = settings
        self._hold = int(settings.speech_hold_s * SAMPLE_RATE)
        self._floor = 10 ** (settings.floor_dbfs / 10)
        self._level = 10 ** (settings.level_dbfs / 10)
        self._least = self._level / 10 ** (settings.level_gain_db / 10)
        self._fall = 10 ** (-settings.level_fall_db * BLOCK / SAMPLE_RATE / 10)
        self._loudness = self._least
        """Power of the reference behind the last block, at least `_least`."""
        self._powers: list[float] = []
        """Mean squares of waiting blocks, the next one last; worked out for all of them at once."""
        self.state: Float32 = np.zeros((2, 1, _STATE), np.float32)
        self._pending: Float32 = np.zeros(CONTEXT, np.float32)
        """Context, then samples that are not a whole block yet."""
        self._read = 0
        """Samples read by the network."""
        self._open = False
        self._quiet = 0
        """Blocks in a row that were under the floor."""
        self._below = 0
        """Samples for which the probability has been under `speech_off`."""
        self._marks: list[tuple[int, bool, float]] = [(0, False, self._heard_floor(self._least))]
        """Behind each block: first sample, whether the gate is open, power that can be heard."""

    def push(self, samples: Float32) -> None:
        """Add 16 kHz samples [N]."""
        self._pending = in_one([self._pending, samples])

    @property
    def ready(self) -> bool:
        """Whether a whole block waits."""
        return len(self._pending) >= CONTEXT + BLOCK

    @property
    def block(self) -> Float32:
        """The next block with its context, [576], as it came."""
        return self._pending[: CONTEXT + BLOCK]

    @property
    def gain(self) -> float:
        """What the next block is multiplied by, so that it is as loud as the network wants it."""
        return math.sqrt(max(1.0, self._level / self._louder()))

    def pass_silence(self) -> None:
        """Go past the waiting blocks of a long silence."""
        while self._quiet >= SETTLED and self.ready and self._silent():
            self.take(0.0, self.state)

    def _power(self) -> float:
        """Mean square of the next block."""
        if not self._powers:
            whole = (len(self._pending) - CONTEXT) // BLOCK * BLOCK
            blocks = self._pending[CONTEXT : CONTEXT + whole].reshape(-1, BLOCK).astype(np.float64)
            self._powers = (np.einsum("bs,bs->b", blocks, blocks) / BLOCK).tolist()
            self._powers.reverse()
        return self._powers[-1]

    def _louder(self) -> float:
        """The reference with the next block."""
        return max(self._power(), self._loudness * self._fall, self._least)

    def _heard_floor(self, loudness: float) -> float:
        """The floor holds for the levelled copy; this is the power as it came."""
        return self._floor * min(1.0, loudness / self._level)

    def _silent(self) -> bool:
        return self._power() < self._heard_floor(self._louder())

    def take(self, probability: float, state: Float32) -> None:
        """The network's answer for the next block."""
        self.state = state
        self._quiet = self._quiet + 1 if self._silent() else 0
        self._loudness = self._louder()
        self._powers.pop()
        self._pending = self._pending[BLOCK:]
        self._read += BLOCK
        if probability >= self._settings.speech_on:
            is_open, self._below = True, 0
        elif probability >= self._settings.speech_off:
            is_open, self._below = self._open, 0
        else:
            self._below += BLOCK
            is_open = self._open and self._below <= self._hold
        self._open = is_open
        self._marks.append((self._read, is_open, self._heard_floor(self._loudness)))

    def speech(self, start: int, samples: Float32) -> Bool:
        """Speech flags of whole frames whose first sample is `start`; call it once, in order.

        A frame's flag is the state after the last block that ended by the frame's end; frames under
        the floor, for the levelled copy, are silence whatever the network says.
        """
        count = len(samples) // FRAME_SAMPLES
        if not count:
            return np.zeros(0, np.bool_)
        ends = start + (np.arange(count) + 1) * FRAME_SAMPLES
        begins, opens, floors = zip(*self._marks, strict=True)
        at = np.searchsorted(begins, ends, side="right") - 1
        self._marks = self._marks[int(at[-1]) :]
        frames = samples.reshape(count, FRAME_SAMPLES).astype(np.float64)
        power = np.einsum("fs,fs->f", frames, frames) / FRAME_SAMPLES
        return np.asarray(np.array(opens)[at] & (power >= np.array(floors)[at]))


def _waiting(gates: Sequence[Gate]) -> list[Gate]:
    """Those with a block that the network must read."""
    for gate in gates:
        gate.pass_silence()
    return [gate for gate in gates if gate.ready]


def advance(gates: Sequence[Gate], vad: Vad) -> None:
    """Let every gate read its waiting blocks, one block of each in a call of the network."""
    while waiting := _waiting(gates):
        blocks = in_one([gate.block for gate in waiting])
        gains = np.array([gate.gain for gate in waiting], np.float32)
        blocks = blocks.reshape(len(waiting), -1) * gains[:, None]
        states = np.concatenate([gate.state for gate in waiting], axis=1)
        probabilities, states = vad.run(blocks, states)
        for row, gate in enumerate(waiting):
            gate.take(float(probabilities[row]), states[:, row : row + 1])
