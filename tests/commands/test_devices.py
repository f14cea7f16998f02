"""`tonewatch devices`."""

import pytest

from tonewatch.stream.sources import devices
from tonewatch.stream.sources.devices import Device, DeviceError

from .shell import tonewatch


def test_microphones_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Device(index=3, name="Desk microphone", channels=1, rate=48_000, default=True)
    monkeypatch.setattr(devices, "devices", lambda: [desk])
    answer = tonewatch("devices")
    assert answer.exit_code == 0
    (row,) = [line for line in answer.output.splitlines() if "Desk microphone" in line]
    assert "48000 Hz" in row
    assert "yes" in row


def test_a_machine_without_microphones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", list)
    answer = tonewatch("devices")
    assert (answer.exit_code, answer.output.count("\n")) == (0, 1)
    assert "no microphone" in answer.output


def test_a_missing_library_is_one_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> list[Device]:
        raise DeviceError("microphones need PortAudio; install it: apt-get install libportaudio2")

    monkeypatch.setattr(devices, "devices", missing)
    answer = tonewatch("devices")
    assert answer.exit_code == 1
    assert answer.output.splitlines() == [
        "tonewatch: microphones need PortAudio; install it: apt-get install libportaudio2"
    ]
