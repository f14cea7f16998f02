"""The engine's door: what every model behind the product must do, and how it may fail."""

from collections.abc import Sequence
from typing import Protocol

from .manifest import Manifest
from .window import Frames, Window


class EngineError(Exception):
    """An engine could not be loaded or could not answer; the message names the way out."""


class ModelNotFoundError(EngineError):
    """No model of that name or in that folder."""


class ProviderError(EngineError):
    """A provider that was demanded by name is not the one that loaded."""


class Engine(Protocol):
    """A model that reads windows. Used by one thread at a time; knows no thread itself."""

    @property
    def manifest(self) -> Manifest:
        """What the model is, knows and may be used for."""
        ...

    @property
    def provider(self) -> str:
        """What really computes ("CPU", "CUDA", "TensorRT"), read back after loading."""
        ...

    def open(self, leg: str) -> None:
        """A leg begins; an engine that keeps a state for each leg makes it here."""
        ...

    def infer(self, windows: Sequence[Window]) -> list[Frames]:
        """Read windows, of any legs and lengths, in order; one answer for each.

        A leg's numbers never depend on the other windows of the call. Raises EngineError.
        """
        ...

    def close(self, leg: str) -> None:
        """A leg has ended; forget its state. Unknown legs are ignored."""
        ...
