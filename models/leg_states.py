"""What a streaming graph remembers of every leg, in one array for each of its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

State = Mapping[str, npt.NDArray[Any]]
"""What the graph remembers, by the names of its inputs; batch first."""


class LegStates:
    """States by slots, in arrays that grow with the legs.

    Rows pass in and out as bytes: numpy would hand Python's lock to another thread at each array,
    and to get it back takes many times as long as the copy.
    """

    def __init__(self, begin: State) -> None:
        self._begin = begin
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._arrays = {name: array[:0].copy() for name, array in begin.items()}
        self._memory: dict[str, memoryview] = {}
        """The arrays' bytes."""

    def __contains__(self, leg: str) -> bool:
        return leg in self._slots

    def forget(self, leg: str) -> None:
        """A leg's slot is free again; without effect where it has none."""
        slot = self._slots.pop(leg, None)
        if slot is not None:
            self._free.append(slot)

    def begin(self, leg: str, kept: Sequence[str] = ()) -> None:
        """A leg's state from the start, but for the arrays that are `kept` if it had one."""
        slot = self._slots.get(leg)
        if slot is None:
            slot, kept = self._take_slot(), ()
            self._slots[leg] = slot
        for name, array in self._begin.items():
            if name not in kept:
                self._arrays[name][slot] = array[0]

    def read(self, legs: Sequence[str]) -> State:
        """Copies of the states of legs, a row for each; read-only."""
        found = {}
        for name, array in self._begin.items():
            memory, size = self._memory[name], array.nbytes
            rows = [
                memory[at * size : (at + 1) * size] for at in map(self._slots.__getitem__, legs)
            ]
            shape = (len(legs), *array.shape[1:])
            found[name] = np.frombuffer(b"".join(rows), array.dtype).reshape(shape)
        return found

    def write(self, legs: Sequence[str], state: State) -> None:
        """Keep a row for each leg."""
        for name, array in self._begin.items():
            memory, size = self._memory[name], array.nbytes
            rows = _bytes(np.ascontiguousarray(state[name], array.dtype))
            for row, leg in enumerate(legs):
                at = self._slots[leg] * size
                memory[at : at + size] = rows[row * size : (row + 1) * size]

    def _take_slot(self) -> int:
        if not self._free:
            have = len(self._slots)
            more = max(4, have // 2)
            for name, array in self._arrays.items():
                grown = np.zeros((have + more, *array.shape[1:]), array.dtype)
                grown[:have] = array
                self._arrays[name] = grown
                self._memory[name] = _bytes(grown)
            self._free = list(range(have + more - 1, have - 1, -1))
        return self._free.pop()


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return array.data.cast("B")
