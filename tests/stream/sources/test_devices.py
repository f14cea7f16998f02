import builtins
from types import SimpleNamespace
from typing import Any

import pytest

from tonewatch.stream.sources.devices import (
    Device,
    DeviceError,
    devices,
    find_device,
    sound_library,
)


class PortAudioError(Exception):
    pass


def library(*rows: tuple[str, int, float], default: int = 0) -> Any:
    return SimpleNamespace(
        PortAudioError=PortAudioError,
        default=SimpleNamespace(device=(default, 9)),
        query_devices=lambda: [
            {"name": name, "max_input_channels": channels, "default_samplerate": rate}
            for name, channels, rate in rows
        ],
    )


SOUND = library(
    ("Speakers", 0, 48000.0), ("Headset", 1, 44100.0), ("USB desk mic", 2, 48000.0), default=2
)


def test_only_devices_that_record_are_listed_with_their_own_rate() -> None:
    assert devices(SOUND) == [
        Device(index=1, name="Headset", channels=1, rate=44100, default=False),
        Device(index=2, name="USB desk mic", channels=2, rate=48000, default=True),
    ]


@pytest.mark.parametrize(("wanted", "index"), [(None, 2), ("1", 1), ("desk", 2), ("HEADSET", 1)])
def test_a_device_is_found_by_index_or_part_of_its_name(wanted: str | None, index: int) -> None:
    assert find_device(wanted, devices(SOUND)).index == index


@pytest.mark.parametrize("wanted", ["7", "0", "radio"])
def test_an_unknown_device_is_refused_and_the_known_ones_named(wanted: str) -> None:
    with pytest.raises(DeviceError, match=f"no microphone '{wanted}'; there are 1: Headset"):
        find_device(wanted, devices(SOUND))


def test_a_machine_without_a_microphone_says_so() -> None:
    with pytest.raises(DeviceError, match="no microphone; plug one in"):
        find_device(None, devices(library()))


def test_a_missing_portaudio_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError, match="libportaudio2"):
        sound_library()


def test_a_sound_system_that_fails_is_one_line() -> None:
    def fails() -> Any:
        raise PortAudioError("no server")

    sound = library()
    sound.query_devices = fails
    with pytest.raises(DeviceError, match="cannot be listed: no server"):
        devices(sound)
