"""settings.json: what was in force in a session, so that its curve can be made again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...models.manifest import Manifest
from ..settings import StreamSettings
from .files import FolderError

SETTINGS_NAME = "settings.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Settings and model of a session."""

    settings: StreamSettings
    model: Manifest

    @property
    def temperature(self) -> float:
        """Softmax temperature: the setting, else the model's calibration."""
        return self.settings.decision.temperature or self.model.calibration.temperature


def in_force(settings: StreamSettings, model: Manifest) -> dict[str, Any]:
    """The content of settings.json."""
    return {
        "schema": 1,
        "settings": settings.model_dump(mode="json"),
        "model": model.model_dump(mode="json", by_alias=True),
    }


def read_in_force(folder: Path) -> InForce:
    """Read settings.json of a session folder. Raises FolderError."""
    path = folder / SETTINGS_NAME
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return InForce(
            settings=StreamSettings.model_validate(content["settings"]),
            model=Manifest.model_validate(content["model"]),
        )
    except FileNotFoundError:
        raise FolderError(f"{folder}: {SETTINGS_NAME} is missing") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FolderError(f"{path}: {where}: {first['msg']} (made by another version?)") from error
