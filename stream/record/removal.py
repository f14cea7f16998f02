"""Deleting sessions, whole or in part, each with a receipt that says what, when and who."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..settings import RecordSettings
from .audit import AuditLog
from .card import Card, read_card
from .files import FolderError, parse_time, session_folders, utc_text, write_json

RECEIPTS = "receipts"
_DOOMED = ".deleting_"


class RemovalError(Exception):
    """A session cannot be deleted (now); the message says why."""


class Remover:
    """Deletes session folders of one output folder. From any thread.

    A receipt and an audit line tell what was deleted, when, by whom and why, never the content.
    """

    def __init__(
        self,
        output: Path,
        audit: AuditLog,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._output = output
        self._audit = audit
        self._now = now

    def delete(self, folder: Path, *, who: str, reason: str) -> dict[str, Any]:
        """Delete a session's folder; the receipt.

        Raises RemovalError while the session runs or if it is no session folder of the output.
        """
        card = self._checked(folder)
        files = sorted(path.name for path in folder.iterdir())
        # Renamed first: a deletion that is interrupted leaves no half session to be listed.
        doomed = folder.with_name(_DOOMED + folder.name)
        folder.rename(doomed)
        shutil.rmtree(doomed)
        return self._receipt(card, files, who=who, reason=reason, whole=True)

    def delete_audio(self, folder: Path, *, who: str, reason: str) -> dict[str, Any] | None:
        """Delete a session's sound and embeddings, keep its scores; None if there are none."""
        card = self._checked(folder)
        names = [name for files in card.files for name in (files.audio, files.embedding)]
        return self._delete_files(folder, card, names, who=who, reason=reason)

    def expire(self, settings: RecordSettings) -> list[dict[str, Any]]:
        """Delete what is older than the settings keep it; the receipts.

        A session whose scores have expired goes as a whole. Running ones are left alone.
        """
        receipts: list[dict[str, Any]] = []
        self._sweep()
        for folder in session_folders(self._output):
            try:
                card = read_card(folder)
            except FolderError:
                continue
            if card.unfinished:
                continue
            age = self._now() - parse_time(card.info.ended_at or card.info.started_at)
            if _older(age, settings.scores_days):
                reason = f"older than {settings.scores_days} days"
                receipts.append(self.delete(folder, who="system", reason=reason))
            elif _older(age, settings.audio_days):
                reason = f"sound older than {settings.audio_days} days"
                receipt = self.delete_audio(folder, who="system", reason=reason)
                receipts += [receipt] if receipt else []
        return receipts

    def _checked(self, folder: Path) -> Card:
        if folder not in session_folders(self._output):
            raise RemovalError(f"{folder.name}: no session folder in {self._output}")
        try:
            card = read_card(folder)
        except FolderError as error:
            raise RemovalError(str(error)) from error
        if card.unfinished:
            raise RemovalError(f"session {card.info.id} is still running; stop it first")
        return card

    def _delete_files(
        self, folder: Path, card: Card, names: Sequence[str], *, who: str, reason: str
    ) -> dict[str, Any] | None:
        there = [name for name in names if (folder / name).exists()]
        for name in there:
            (folder / name).unlink()
        return self._receipt(card, there, who=who, reason=reason) if there else None

    def _receipt(
        self, card: Card, files: Sequence[str], *, who: str, reason: str, whole: bool = False
    ) -> dict[str, Any]:
        receipt = {
            "receipt": uuid.uuid4().hex,
            "at": utc_text(self._now()),
            "who": who,
            "reason": reason,
            "session": card.info.id,
            "folder": card.info.folder,
            "call_id": card.info.call_id,
            "whole": whole,
            "files": list(files),
        }
        receipts = self._output / RECEIPTS
        receipts.mkdir(exist_ok=True)
        write_json(receipts / f"{receipt['receipt']}.json", receipt)
        self._audit.append(
            "deleted",
            who=who,
            session=card.info.id,
            detail={key: receipt[key] for key in ("receipt", "reason", "files")},
        )
        return receipt

    def _sweep(self) -> None:
        """Finish deletions that were interrupted."""
        if self._output.is_dir():
            for path in self._output.glob(_DOOMED + "*"):
                shutil.rmtree(path)


def _older(age: timedelta, days: int | None) -> bool:
    return days is not None and age > timedelta(days=days)
