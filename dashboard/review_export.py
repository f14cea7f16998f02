"""Reviews as rows for spreadsheets and programs: one for each vote on a decided flag."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from ..models.grid import frames_to_seconds
from ..stream.record.files import utc_text
from ..stream.review.flags import Flag, Vote

COLUMNS = (
    "session", "episode", "kind", "start_s", "end_s", "at", "model", "outcome", "decided_at",
    "reviewer", "label", "note", "voted_at", "blind", "undone_at",
)  # fmt: skip


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV; a text that a spreadsheet would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _plain(value: Any) -> Any:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value


def row(flag: Flag, vote: Vote) -> dict[str, Any]:
    """A vote beside its flag; of a deleted session no times in the call."""
    erased = flag.presence == "erased"
    values = (
        flag.session, flag.episode, flag.kind,
        None if erased else frames_to_seconds(flag.start),
        None if erased else frames_to_seconds(flag.stop),
        utc(flag.at), flag.model, flag.outcome, _moment(flag.decided_at),
        vote.reviewer, vote.label, vote.note, utc(vote.at), vote.blind, _moment(vote.undone_at),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def utc(moment: int) -> str:
    """UTC milliseconds as RFC 3339."""
    return utc_text(datetime.fromtimestamp(moment / 1000, UTC))


def _moment(moment: int | None) -> str | None:
    return None if moment is None else utc(moment)
