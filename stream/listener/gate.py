"""The speech gate: Silero VAD (MIT, see NOTICE) through ONNX Runtime, many legs and many blocks of
each in one call."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
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
TOGETHER: Final = 64
"""Most blocks of a leg in a call. More make none cheaper, and sound that waits may be long."""
_STATE: Final = 128


class Vad:
    """The network alone: blocks and states in, probabilities and states out. Legs of a call do not
    touch each other, nor does it matter how many blocks of a leg are read at a time: its numbers
    are the same, bit for bit."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = Path(__file__).with_name("speech_gate.onnx")
        self._session = ort.InferenceSession(
            str(model), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def run(
        self, blocks: Float32, counts: Sequence[int], state: Float32
    ) -> tuple[Float32, Float32]:
        """Blocks [R, 64 + 512], leg behind leg, `counts` [B] of each, at least one, and the legs'
        states [2, B, 128] to probabilities [R] and new states."""
        lengths = np.array(counts, np.int32)
        steps = np.arange(lengths.max())[:, None]
        inside = steps < lengths
        places = np.where(inside, np.cumsum(lengths) - lengths + steps, 0)
        probabilities, state = self._session.run(
            None, {"blocks": blocks, "places": places, "lengths": lengths, "state": state}
        )
        return probabilities.T[inside.T], state


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
        self._levelled: list[tuple[bool, float]] = []
        """Of each block that was levelled and not taken: whether the network reads it, and the
        power that can be heard behind it."""
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
    def blocks(self) -> list[Float32]:
        """The whole blocks that wait, each with its context, [576], as they came; not too many."""
        count = min((len(self._pending) - CONTEXT) // BLOCK, TOGETHER)
        return [self._pending[at * BLOCK : at * BLOCK + CONTEXT + BLOCK] for at in range(count)]

    def level(self, powers: Sequence[float]) -> list[float]:
        """What to multiply these blocks by, so that they are as loud as the network wants them; 0
        where it need not read one.

        `powers`: their mean squares, context left out. `take` comes next.
        """
        gains = []
        for power in powers:
            self._loudness = max(power, self._loudness * self._fall, self._least)
            # The floor holds for the levelled copy; this is the power as it came.
            floor = self._heard_floor(self._loudness)
            passed = power < floor and self._quiet >= SETTLED
            self._quiet = self._quiet + 1 if power < floor else 0
            self._levelled.append((not passed, floor))
            gains.append(0.0 if passed else math.sqrt(max(1.0, self._level / self._loudness)))
        return gains

    def _heard_floor(self, loudness: float) -> float:
        return self._floor * min(1.0, loudness / self._level)

    def take(self, probabilities: Iterable[float], state: Float32) -> None:
        """The network's answers for those of the levelled blocks that it has read."""
        self.state = state
        answers = iter(probabilities)
        for asked, floor in self._levelled:
            self._read += BLOCK
            probability = next(answers) if asked else 0.0
            if probability >= self._settings.speech_on:
                self._open, self._below = True, 0
            elif probability >= self._settings.speech_off:
                self._below = 0
            else:
                self._below += BLOCK
                self._open = self._open and self._below <= self._hold
            self._marks.append((self._read, self._open, floor))
        self._pending = self._pending[len(self._levelled) * BLOCK :]
        self._levelled = []

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


def advance(gates: Sequence[Gate], vad: Vad) -> None:
    """Let every gate read its waiting blocks, those of all gates in a call of the network."""
    while waiting := [(gate, blocks) for gate in gates if (blocks := gate.blocks)]:
        sound = in_one([block for _, blocks in waiting for block in blocks])
        sound = sound.reshape(-1, CONTEXT + BLOCK)
        whole = sound[:, CONTEXT:].astype(np.float64)
        powers = iter((np.einsum("bs,bs->b", whole, whole) / BLOCK).tolist())
        gains = [gate.level(list(islice(powers, len(blocks)))) for gate, blocks in waiting]
        counts = [int(np.count_nonzero(some)) for some in gains]
        states = [gate.state for gate, _ in waiting]
        answers: Iterator[float] = iter(())
        if any(counts):
            every = np.array(list(chain.from_iterable(gains)), np.float32)
            asked = every > 0
            among = [leg for leg, count in enumerate(counts) if count]
            found, after = vad.run(
                sound[asked] * every[asked, None],
                [counts[leg] for leg in among],
                np.concatenate([states[leg] for leg in among], axis=1),
            )
            answers = iter(found.tolist())
            for row, leg in enumerate(among):
                states[leg] = after[:, row : row + 1]
        for (gate, _), count, state in zip(waiting, counts, states, strict=True):
            gate.take(list(islice(answers, count)), state)
