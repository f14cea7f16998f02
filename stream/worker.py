"""A thread that waits for work under one condition, and how it is stopped."""

import threading
from abc import ABC, abstractmethod

STOP_S = 10.0
"""Seconds that a thread may take to end."""


class Worker(ABC):
    """Base of the threads: `_run` waits on `_changed` and returns once `_stopping` is set."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float = STOP_S) -> None:
        """Let the thread end what it does, and wait for it. Raises TimeoutError, naming it."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"thread {self._thread.name!r} did not stop within {timeout:g} s")

    @abstractmethod
    def _run(self) -> None:
        """The thread."""
