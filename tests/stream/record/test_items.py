from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.record.world import audio, forced, made, session, settled

from tonewatch.stream.record.items import (
    Adopt,
    Answered,
    Changed,
    Close,
    Discard,
    Item,
    Open,
)


def test_every_item_names_its_session(tmp_path: Path) -> None:
    info = session("s7")
    items: list[Item] = [
        Open(info=info, settings=forced(tmp_path)),
        Adopt(folder=made(tmp_path, info)),
        audio(0, 1, session="s7"),
        settled(0, 1, "s7"),
        Answered(session="s7", leg="customer", spans=((0, 50, False),)),
        Changed(info=replace(info, name="new")),
        Close(info=info),
        Discard(session="s7"),
    ]
    assert {item.session for item in items} == {"s7"}


def test_items_do_not_change() -> None:
    item = Discard(session="s7")
    with pytest.raises(AttributeError):
        item.session = "s8"  # type: ignore[misc]
