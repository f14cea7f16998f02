import threading

import pytest

from tonewatch.stream.worker import Worker


class Waiter(Worker):
    """Waits until it is stopped, and then for the test."""

    def __init__(self) -> None:
        super().__init__("waiter")
        self.go = threading.Event()

    def _run(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping)
        self.go.wait()


def test_a_thread_ends_when_it_is_told_and_one_that_does_not_is_named() -> None:
    worker = Waiter()
    worker.start()
    with pytest.raises(TimeoutError, match="thread 'waiter' did not stop within 0 s"):
        worker.stop(0)
    worker.go.set()
    worker.stop()
    assert "waiter" not in {thread.name for thread in threading.enumerate()}
