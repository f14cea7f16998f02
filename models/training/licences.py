"""Which licences let weights be used commercially, and the files that carry such a licence."""

import csv
import re
from pathlib import Path

from .corpus import CorpusError

FREE = re.compile(r"\b(CC0|MIT|BSD|Apache|Unlicense|public domain|own)\b|\bCC[ -]BY\b", re.I)
BOUND = re.compile(r"\bNC\b|\bND\b|non-?commercial|research", re.I)


def allows_commercial(licence: str) -> bool:
    """Whether a licence's name is one that allows commercial use; what is not known does not.

    Share-alike licences are left out too: whether weights are a derivative is not settled.
    """
    return bool(FREE.search(licence)) and not BOUND.search(licence) and "-SA" not in licence


def free_noise(folder: Path) -> list[Path]:
    """Recordings in a folder of noise whose row in its `noise.csv` (path, license) allows
    commercial use. Raises CorpusError."""
    table = folder / "noise.csv"
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(
            f"{table}: cannot be read ({error.strerror}); free weights need the licence of each "
            "noise recording in it: path, license"
        ) from error
    found = [folder / row["path"] for row in rows if allows_commercial(row.get("license") or "")]
    if not found:
        raise CorpusError(f"{table}: no recording in it allows commercial use")
    return found
