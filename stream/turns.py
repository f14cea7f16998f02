"""Legs take turns: their windows end at different moments of the hop, so the engine is never asked
by all at once."""

import threading
from collections import Counter


class Turns:
    """Which slot of the hop each live leg has. From any thread."""

    def __init__(self, hop_frames: int) -> None:
        self._hop = hop_frames
        self._slots: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, leg: str, begins: int) -> int:
        """Give a leg the emptiest slot; the shift of its own grid, in frames, that keeps it.

        `begins`: the 20 ms frame of the process's clock at which the leg begins.
        """
        with self._lock:
            taken = Counter(self._slots.values())
            # Among equally empty slots not the neighbour of the one given last.
            slot = min(range(self._hop), key=lambda one: (taken[one], one * 5 % self._hop))
            self._slots[leg] = slot
        return (slot - begins) % self._hop

    def leave(self, leg: str) -> None:
        """The leg has ended."""
        with self._lock:
            self._slots.pop(leg, None)
