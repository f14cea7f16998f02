"""Giving a session that has ended another name."""

from dataclasses import replace
from pathlib import Path

from ..events import SessionInfo
from .card import read_card, write_card
from .files import FolderError, write_json
from .result import RESULT_NAME, read_result


class NotEndedError(FolderError):
    """The session still runs or is being finished; whoever writes it would undo a new name."""


def rename(folder: Path, name: str) -> SessionInfo:
    """Write a new name into session.json and result.json; the folder keeps its own.

    Folders are named in receipts, audit logs and other programs' notes, so that a folder's name
    stays what it was given at the session's start. Raises NotEndedError, FolderError, OSError.
    """
    card = read_card(folder)
    if card.unfinished:
        raise NotEndedError(f"session {card.info.id} is not finished yet")
    info = replace(card.info, name=name)
    if result := read_result(folder):
        write_json(folder / RESULT_NAME, result | {"session": result["session"] | {"name": name}})
    # Last: the index is made from the card, and a name is asked for again until this one stands.
    write_card(folder, replace(card, info=info))
    return info
