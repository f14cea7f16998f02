"""Senders without a server: what they note and where it is found."""

from pathlib import Path

import numpy as np
import pytest

from tonewatch.commands.bench_senders import Load, Sent, name_of, outcome, sending
from tonewatch.commands.options import Failure


def load(folder: Path, port: int = 1) -> Load:
    return Load(
        port=port, sessions=3, seconds=1.0, legs=("customer",), message_ms=40, folder=folder
    )


def test_a_frame_left_with_the_message_that_holds_its_last_sample(tmp_path: Path) -> None:
    wanted = load(tmp_path)
    assert (wanted.message, wanted.turns) == (640, 25)
    times = np.arange(75, dtype=np.int64).reshape(3, 25) + 1
    np.save(wanted.times, times)
    sent = Sent(wanted)
    assert [sent.at(1, frame) for frame in (0, 1, 2, 49, 60)] == [26, 26, 27, 50, 50]
    assert len({name_of(number) for number in range(3)}) == 3


def test_senders_that_find_no_server_are_a_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    speech = np.zeros((16_000, 1), np.int16)
    with sending(load(tmp_path), speech, 1) as running, pytest.raises(Failure, match="sender"):
        outcome(running)
    assert "Connect" in capfd.readouterr().err
