"""This machine's microphones."""

from dataclasses import dataclass
from typing import Any


class DeviceError(Exception):
    """No microphone can be used; the message names the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that can record."""

    index: int
    name: str
    channels: int
    rate: int
    """Its own samples per second."""
    default: bool


def sound_library() -> Any:
    """The module `sounddevice`. Raises DeviceError where PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        # The wheel brings PortAudio for Windows and macOS only.
        raise DeviceError(
            f"microphones need PortAudio ({error}); install it: apt-get install libportaudio2"
        ) from error
    return sounddevice


def devices(library: Any = None) -> list[Device]:
    """All devices that can record, in the system's order. Raises DeviceError."""
    sound = library or sound_library()
    try:
        default = sound.default.device[0]
        return [
            Device(
                index=index,
                name=str(one["name"]),
                channels=int(one["max_input_channels"]),
                rate=round(one["default_samplerate"]),
                default=index == default,
            )
            for index, one in enumerate(sound.query_devices())
            if one["max_input_channels"] > 0
        ]
    except sound.PortAudioError as error:
        raise DeviceError(f"the microphones cannot be listed: {error}") from error


def find_device(wanted: str | None, found: list[Device]) -> Device:
    """The device of an index or a part of a name; None: the system's default.

    Raises DeviceError.
    """
    if not found:
        raise DeviceError("this machine has no microphone; plug one in, or use the browser's")
    if wanted is None:
        return next((device for device in found if device.default), found[0])
    if wanted.isdecimal():
        matching = [device for device in found if device.index == int(wanted)]
    else:
        matching = [device for device in found if wanted.lower() in device.name.lower()]
    if matching:
        return matching[0]
    known = "; ".join(f"{device.index}: {device.name}" for device in found)
    raise DeviceError(f"no microphone {wanted!r}; there are {known}")
