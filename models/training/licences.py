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
    """Recordings in a folder of noise that allow commercial use. Raises CorpusError."""
    return [folder / row["path"] for row in _free_rows(folder)]


def noise_credits(folder: Path) -> list[str]:
    """Who made each of these recordings, and its licence, as `noise.csv` tells (source): some
    licences ask that it is said. Raises CorpusError."""
    return [f"{row.get('source') or row['path']} ({row['license']})" for row in _free_rows(folder)]


def _free_rows(folder: Path) -> list[dict[str, str]]:
    """Rows of the folder's `noise.csv` (path, license, source) that allow commercial use."""
    table = folder / "noise.csv"
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(
            f"{table}: cannot be read ({error.strerror}); free weights need the licence of each "
            "noise recording in it: path, license"
        ) from error
    found = [row for row in rows if allows_commercial(row.get("license") or "")]
    if not found:
        raise CorpusError(f"{table}: no recording in it allows commercial use")
    return found
