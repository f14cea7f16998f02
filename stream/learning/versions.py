"""What was learned, version by version, on disk: nothing is overwritten, so all can be undone.

`learning/N/version.json` (and `centres.json`) inside the output folder; `learning/adopted.json`
holds the numbers adopted, in order: the last one is in force.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ...models.centres import CENTRES_NAME, Centres, compass_for, read_centres
from ...models.engine import EngineError
from ...models.manifest import Manifest
from ..record.files import write_json
from ..settings import DecisionSettings, StreamSettings
from .refit import Candidate, InUse

LEARNING_NAME: Final = "learning"
VERSION_NAME: Final = "version.json"
ADOPTED_NAME: Final = "adopted.json"

log = logging.getLogger(__name__)


class VersionError(EngineError):
    """A version is unknown, not better, or broken; the message says what can be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Something that was learned."""

    version: int
    created_at: str
    """UTC, RFC 3339."""
    model: str
    model_sha256: str
    better: bool
    temperature: float | None
    """None: as it was."""
    floor_points: float | None
    centres: bool
    """Whether it has centres of its own."""
    figures: dict[str, Any]
    """Of lessons held back."""


_VERSION: Final = TypeAdapter(Version)


class Versions:
    """The versions of one output folder. One process changes them at a time."""

    def __init__(
        self, output: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = output / LEARNING_NAME
        self._now = now

    def all(self) -> tuple[Version, ...]:
        """Every version, oldest first. Raises VersionError for a broken one."""
        numbers = sorted(
            int(path.parent.name)
            for path in self._folder.glob(f"*/{VERSION_NAME}")
            if path.parent.name.isdigit()
        )
        return tuple(self.get(number) for number in numbers)

    def get(self, version: int) -> Version:
        """One version. Raises VersionError."""
        path = self._folder / str(version) / VERSION_NAME
        try:
            return _VERSION.validate_json(path.read_bytes())
        except FileNotFoundError:
            raise VersionError(
                f"no version {version}; those there are: tonewatch learn status"
            ) from None
        except (OSError, ValidationError) as error:
            raise VersionError(f"{path}: cannot be read: {error}") from error

    def next(self) -> int:
        """The number that the next version will have."""
        taken = [int(path.name) for path in self._folder.glob("*") if path.name.isdigit()]
        return max(taken, default=0) + 1

    def add(self, candidate: Candidate, before: InUse, manifest: Manifest) -> Version:
        """Keep what was learned; it is not in force by that. Raises OSError."""
        number, parts = self.next(), candidate.parts
        folder = self._folder / str(number)
        folder.mkdir(parents=True)
        new_centres = parts.centres if parts.centres is not before.centres else None
        if new_centres is None and before.centres is not None and self.active is not None:
            # What an earlier version taught stays in force.
            new_centres = before.centres
        if new_centres is not None:
            new_centres.save(folder / CENTRES_NAME)
        version = Version(
            version=number,
            created_at=self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            model=manifest.name,
            model_sha256=manifest.sha256,
            better=candidate.better,
            temperature=parts.temperature,
            floor_points=parts.floor_points,
            centres=new_centres is not None,
            figures=candidate.figures,
        )
        write_json(folder / VERSION_NAME, asdict(version))
        return version

    @property
    def active(self) -> int | None:
        """The version in force; None: the model as it came. Raises VersionError."""
        adopted = self._adopted()
        return adopted[-1] if adopted else None

    def adopt(self, version: int) -> Version:
        """Put a version in force. Raises VersionError if it was not better than what was."""
        found = self.get(version)
        if not found.better:
            raise VersionError(
                f"version {version} was not better on the flags held back: not adopted"
            )
        if self.active != version:
            self._write([*self._adopted(), version])
        return found

    def roll_back(self) -> int | None:
        """Take the newest adoption back; the version then in force. Raises VersionError."""
        adopted = self._adopted()
        if not adopted:
            raise VersionError("nothing was adopted: there is nothing to roll back")
        self._write(adopted[:-1])
        return self.active

    def centres_path(self, version: int) -> Path:
        """Where a version's centres lie, if it has any."""
        return self._folder / str(version) / CENTRES_NAME

    def _adopted(self) -> list[int]:
        path = self._folder / ADOPTED_NAME
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return [int(number) for number in content["adopted"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VersionError(
                f"{path}: cannot be read: {error}; remove it to start anew"
            ) from error

    def _write(self, adopted: list[int]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._folder / ADOPTED_NAME, {"adopted": adopted})


def learned(settings: StreamSettings, manifest: Manifest) -> StreamSettings:
    """The settings with what was learned and adopted for this model.

    A setting that somebody has set stays as it was set. What was learned for another model is left
    out, and the log says so. Raises VersionError, CentresError.
    """
    version = _of_model(Versions(settings.record.output), manifest)
    values: dict[str, Any] = {"temperature": None, "floor_points": None, "centres": None}
    if version is not None:
        path = Versions(settings.record.output).centres_path(version.version).resolve()
        values = {
            "temperature": version.temperature,
            "floor_points": version.floor_points,
            "centres": path if version.centres else None,
        }
    decision = settings.decision
    if values["centres"] is not None and "centres" not in decision.model_fields_set:
        compass_for(manifest, values["centres"])
    fields = type(decision).model_fields
    content = {name: getattr(decision, name) for name in fields} | {
        name: fields[name].default if value is None else value
        for name, value in values.items()
        if name not in decision.model_fields_set
    }
    # What was learned does not count as set: it gives way to what is learned next.
    new = type(decision).model_construct(_fields_set=set(decision.model_fields_set), **content)
    return settings.model_copy(update={"decision": new})


def _of_model(versions: Versions, manifest: Manifest) -> Version | None:
    """The version in force, if it is of this model."""
    if versions.active is None:
        return None
    version = versions.get(versions.active)
    if (version.model, version.model_sha256) == (manifest.name, manifest.sha256):
        return version
    log.warning(
        "what was learned from reviews (version %d) is of model %s and left out; "
        "learn again: tonewatch learn refit",
        version.version,
        version.model,
    )
    return None


def in_use(decision: DecisionSettings, manifest: Manifest) -> InUse:
    """What decides under these settings. Raises CentresError."""
    path = decision.centres
    if path is None and manifest.folder is not None:
        own = manifest.folder / CENTRES_NAME
        path = own if own.is_file() else None
    centres: Centres | None = None
    if path is not None:
        centres = read_centres(path)
        centres.check(manifest)
    return InUse(
        temperature=decision.temperature or manifest.calibration.temperature,
        floor_points=decision.floor_points,
        centres=centres,
    )
