"""One frozen Settings object, made at the front door from file, environment and options.

Two stages: what was typed (a nested dict, later sources win, each value remembers where it came
from), then what it means (validated once, by the sections' own types).
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs
from pydantic import ValidationError

from .dashboard.settings import ServerSettings
from .models.settings import EngineSettings, Section
from .stream.settings import StreamSettings

PREFIX: Final = "TONEWATCH_"
"""Environment variables look like TONEWATCH_SERVER__PORT=8000."""


class SettingsError(ValueError):
    """A setting is unknown or out of range; the message names it and where it came from."""


class Settings(Section):
    """Everything the product can be told; each room receives its own section."""

    engine: EngineSettings = EngineSettings()
    stream: StreamSettings = StreamSettings()
    server: ServerSettings = ServerSettings()


def default_config() -> Path:
    """The file that is read when `--config` is not given and the file exists."""
    return Path(platformdirs.user_config_dir("tonewatch", False), "tonewatch.toml")


def load(
    config: Path | None = None,
    assignments: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Merge file, environment, `section.key=value` assignments and options; later ones win.

    `options` maps dotted names to values; None means "not given". Raises SettingsError.
    """
    typed: dict[str, tuple[Any, str]] = {}
    path = config or (default_config() if default_config().is_file() else None)
    if path is not None:
        typed |= {name: (value, str(path)) for name, value in _flat(_read(path))}
    for name, text in (os.environ if environ is None else environ).items():
        if name.startswith(PREFIX):
            typed[name.removeprefix(PREFIX).lower().replace("__", ".")] = (text, name)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment}: expected section.key=value")
        typed[name.strip()] = (text.strip(), f"--set {assignment}")
    for name, value in (options or {}).items():
        if value is not None:
            typed[name] = (value, "the command line")
    return _checked(typed)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path}: not valid TOML: {error}") from error


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _checked(typed: Mapping[str, tuple[Any, str]]) -> Settings:
    tree: dict[str, Any] = {}
    for name, (value, origin) in typed.items():
        *sections, key = name.split(".")
        level = tree
        for section in sections:
            level = level.setdefault(section, {})
            if not isinstance(level, dict):
                raise SettingsError(f"{name} (from {origin}): {section} is a value, not a section")
        level[key] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        origin = next((o for n, (_, o) in typed.items() if n.startswith(name)), "defaults")
        reason = "no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError(f"setting {name} (from {origin}): {reason}") from error
