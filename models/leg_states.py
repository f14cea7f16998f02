"""What a streaming graph remembers of every leg, in one array for each of its inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

State = Mapping[str, npt.NDArray[Any]]
"""What the graph remembers, by the names of its inputs; batch first."""


class LegStates:
    """States by slots. Arrays grow with the legs and are reused: many legs' states pass in and out
    by one copy for each array, not one for each leg."""

    def __init__(self, begin: State) -> None:
        self._begin = begin
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._arrays = {name: array[:0].copy() for name, array in begin.items()}

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
        """Copies of the states of legs, a row for each."""
        if len(legs) == 1:
            slot = self._slots[legs[0]]
            return {name: array[slot : slot + 1].copy() for name, array in self._arrays.items()}
        slots = self._places(legs)
        return {name: array.take(slots, axis=0) for name, array in self._arrays.items()}

    def write(self, legs: Sequence[str], state: State) -> None:
        """Keep a row for each leg."""
        slots = self._places(legs)
        for name, array in self._arrays.items():
            array[slots] = state[name]

    def _places(self, legs: Sequence[str]) -> npt.NDArray[np.intp]:
        return np.array([self._slots[leg] for leg in legs], np.intp)

    def _take_slot(self) -> int:
        if not self._free:
            have = len(self._slots)
            more = max(4, have // 2)
            for name, array in self._arrays.items():
                grown = np.zeros((have + more, *array.shape[1:]), array.dtype)
                grown[:have] = array
                self._arrays[name] = grown
            self._free = list(range(have + more - 1, have - 1, -1))
        return self._free.pop()
