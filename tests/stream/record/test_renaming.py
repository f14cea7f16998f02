from dataclasses import replace
from pathlib import Path

import pytest
from tests.stream.house import LONG_S, feed, house, spec
from tests.stream.sound import voice

from tonewatch.stream.record.card import read_card
from tonewatch.stream.record.renaming import NotEndedError, rename
from tonewatch.stream.record.result import RESULT_NAME, read_result


def test_a_new_name_stands_in_card_and_result_and_nothing_else_changes(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(name="old", pace="file"))
        feed(session, voice(2))
        session.end()
        assert session.wait_closed(LONG_S)
        assert home.recorder.flush(LONG_S)
        folder = home.folder(session)
    card, result = read_card(folder), read_result(folder)
    assert rename(folder, "neu 名") == replace(card.info, name="neu 名")
    assert read_card(folder) == replace(card, info=replace(card.info, name="neu 名"))
    assert read_result(folder) == result | {"session": result["session"] | {"name": "neu 名"}}
    (folder / RESULT_NAME).unlink()
    rename(folder, "third")
    assert read_card(folder).info.name == "third"
    assert not (folder / RESULT_NAME).exists()


def test_a_session_that_has_not_ended_is_left_to_whoever_writes_it(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        session = home.monitor.open(spec(name="old", resumable=True))
        feed(session, voice(1))
    (folder,) = tmp_path.glob("outputs_*")
    with pytest.raises(NotEndedError, match="not finished"):
        rename(folder, "new")
    assert read_card(folder).info.name == "old"
