import threading
from collections.abc import Iterator

import pytest

OURS = ("engine", "signal", "recorder", "microphone", "feeder")


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith(OURS) and thread not in before
    ]
    assert not left, f"threads still run: {left}"
