"""The scenes file: profiles of thresholds, and hints that shift log-odds. Read once, then pure."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError, field_validator

from ....models.labels import LABELS, Label
from ....models.settings import Section
from ...findings import Hint, Scene
from ...settings import DecisionSettings
from ..arrays import Float64

PACKAGED = Path(__file__).with_name("scenes.toml")
"""The file that the package carries."""

Threshold = float | bool | int
_NOT_THRESHOLDS = {"enabled", "scenes", "profile", "temperature", "poor_snr_db"}
_ASCII = re.compile(r"[\x00-\x7f]+")


class SceneError(ValueError):
    """A scenes file or a profile that cannot be used, in one line."""


class HintRule(Section):
    """Words that, found in a context, add log-odds to labels."""

    scene: str = Field(description="the profile that it belongs to")
    words: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    shifts: dict[Label, Annotated[float, Field(ge=-2, le=2)]] = Field(min_length=1)


class Scenes(Section):
    """Content of a scenes file."""

    version: str = Field(min_length=1, description="told with everything that was applied")
    largest_shift: float = Field(1.0, ge=0, le=3, description="largest sum of log-odds of a label")
    profiles: dict[str, dict[str, Threshold]] = Field(default_factory=dict)
    hints: tuple[HintRule, ...] = ()

    @field_validator("profiles")
    @classmethod
    def _thresholds(
        cls, profiles: Mapping[str, Mapping[str, Threshold]]
    ) -> Mapping[str, Mapping[str, Threshold]]:
        for name, values in profiles.items():
            if wrong := sorted(set(values) & _NOT_THRESHOLDS):
                raise ValueError(f"profile {name}: {wrong[0]} is not a threshold")
            try:
                DecisionSettings.model_validate(dict(values))
            except ValidationError as error:
                raise ValueError(f"profile {name}: {_first(error)}") from None
        return profiles

    def scene(self, context: str, profile: str = "") -> Scene | None:
        """What a context text and a profile call for; None where that is nothing.

        A profile's own hints are looked for, or those of all scenes where none is named. Each hint
        counts once. Raises SceneError for an unknown profile.
        """
        if profile and profile not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise SceneError(f"unknown profile {profile!r}: known are {known}")
        hints = tuple(
            Hint(scene=rule.scene, word=word, shifts=dict(rule.shifts))
            for rule in self.hints
            if not profile or rule.scene == profile
            for word in [next((w for w in rule.words if _found(w, context)), None)]
            if word is not None
        )
        if not profile and not hints:
            return None
        return Scene(
            profile=profile,
            version=self.version,
            thresholds={k: float(v) for k, v in self.profiles.get(profile, {}).items()},
            hints=hints,
            shifts=self._sum(hints),
        )

    def _sum(self, hints: tuple[Hint, ...]) -> dict[Label, float]:
        total: dict[Label, float] = {}
        for hint in hints:
            for label, shift in hint.shifts.items():
                total[label] = total.get(label, 0.0) + shift
        most = self.largest_shift
        return {label: round(min(most, max(-most, value)), 6) for label, value in total.items()}


def load_scenes(path: Path | None) -> Scenes:
    """Read a scenes file; the packaged one for None. Raises SceneError."""
    path = path or PACKAGED
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return Scenes.model_validate(content)
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SceneError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise SceneError(f"{path}: {_first(error)}") from error


def scene_of(
    settings: DecisionSettings, scenes: Scenes, context: str, profile: str = ""
) -> Scene | None:
    """What a session's context and profile call for; None where the decision is switched off.

    Without a profile of its own the session has that of the settings. Raises SceneError.
    """
    found = scenes.scene(context, profile or settings.profile)
    return found if settings.enabled else None


def profiled(settings: DecisionSettings, scene: Scene | None) -> DecisionSettings:
    """The settings with the scene's thresholds in place of theirs."""
    if scene is None or not scene.thresholds:
        return settings
    return DecisionSettings.model_validate({**settings.model_dump(), **scene.thresholds})


def shift_of(scene: Scene | None) -> Float64 | None:
    """The scene's shifts [9] in the order of LABELS; None where there are none."""
    if scene is None or not scene.shifts:
        return None
    return np.array([scene.shifts.get(label, 0.0) for label in LABELS])


def _found(word: str, context: str) -> bool:
    if _ASCII.fullmatch(word):
        return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", context, re.I | re.A))
    return word in context


def _first(error: ValidationError) -> str:
    one = error.errors()[0]
    where = ".".join(str(part) for part in one["loc"])
    return f"{where}: {one['msg']}" if where else str(one["msg"])
