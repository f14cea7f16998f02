"""The settings table of README.md, made from the settings themselves.

python tools/settings_table.py         writes it between the two marks
tests/test_readme.py                   fails where it is stale
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from tonewatch.models.settings import Section
from tonewatch.settings import Settings

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->"


def rows(section: type[Section], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, default and help of every setting, in the order of their definition."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from rows(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, shown(field.default), field.description or ""


def shown(default: Any) -> str:
    """A default as it is written in a settings file; empty where there is none."""
    if default is None or default is PydanticUndefined or default in ((), ""):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


def table() -> str:
    """The table in Markdown."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in rows(Settings)]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """A README with the table of today."""
    head, _, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise SystemExit(f"{README}: the marks {BEGIN.strip()} and {END} are missing")
    return head + BEGIN + table() + end + tail


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
