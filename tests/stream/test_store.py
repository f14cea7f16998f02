import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.stream.record.world import flag, hear, made, session, update

from tonewatch.stream.events import Episode, EpisodeChanged, Focus, SessionInfo
from tonewatch.stream.record.folder import SessionFolder
from tonewatch.stream.record.history import frame_rows
from tonewatch.stream.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def episode(id: str = "e1", end: int = 20) -> Episode:
    return flag(id=id, end=end, focus_fear=Focus(start=10, end=30, score=80.0))


def running(output: Path, id: str, name: str = "desk 7", hour: int = 5) -> SessionFolder:
    info = replace(session(id, name), started_at=f"2026-11-21T{hour:02}:00:00Z", call_id=f"c-{id}")
    folder = made(output, info)
    hear(folder, 0, 100)
    folder.settle("customer", 0, frame_rows(update(0, 90)))
    return folder


def ended(folder: SessionFolder) -> SessionInfo:
    info = replace(folder.info, state="ended", ended_at="2026-11-21T06:00:00Z")
    for _ in folder.end(info):
        pass
    return info


def test_a_session_is_listed_while_it_runs_and_with_its_result(
    store: Store, tmp_path: Path
) -> None:
    folder = running(tmp_path, "a")
    assert store.add(folder.path)
    found = store.get("a")
    assert found is not None
    assert (found.state, found.emotion, found.duration_s, found.flags) == ("live", None, None, 0)
    assert store.folder("a") == folder.path
    ended(folder)
    assert store.add(folder.path)
    found = store.get("a")
    assert found is not None
    assert (found.state, found.emotion, found.duration_s) == ("ended", "fearful", 2.0)
    assert found.audio
    assert store.search().total == 1


def test_a_session_is_renamed_and_paused(store: Store, tmp_path: Path) -> None:
    folder = running(tmp_path, "a")
    store.add(folder.path)
    store.update(replace(folder.info, name="new", state="paused"))
    found = store.get("a")
    assert found is not None
    assert (found.name, found.state) == ("new", "paused")


def test_a_session_that_is_not_known_yet_is_read_from_its_folder(
    store: Store, tmp_path: Path
) -> None:
    folder = running(tmp_path, "a")
    store.update(folder.info)
    assert store.get("a") is not None


def test_search_by_name_call_and_date(store: Store, tmp_path: Path) -> None:
    for number, name in enumerate(["Anna", "客户 王", "100% sure_thing", "anna again"]):
        store.add(running(tmp_path, str(number), name, hour=5 + number).path)

    def names(**query: object) -> list[str]:
        return [one.name for one in store.search(**query).sessions]  # type: ignore[arg-type]

    assert names() == ["anna again", "100% sure_thing", "客户 王", "Anna"]
    assert names(text="anna") == ["anna again", "Anna"]
    assert names(text="王") == ["客户 王"]
    assert names(text="c-3") == ["anna again"]
    assert names(text="0% s") == ["100% sure_thing"]
    assert names(text="%") == ["100% sure_thing"]
    assert names(text="'; drop table sessions; --") == []
    six, eight = (datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (6, 8))
    assert names(since=six, until=eight) == ["100% sure_thing", "客户 王"]
    page = store.search(limit=2, offset=1)
    assert [one.name for one in page.sessions] == ["100% sure_thing", "客户 王"]
    assert page.total == 4


def test_flags_are_kept_replaced_and_found(store: Store, tmp_path: Path) -> None:
    for id in ("a", "b"):
        store.add(running(tmp_path, id).path)
    store.put_flag("a", episode(end=20))
    store.put_flag("a", episode(end=30))
    assert store.flags("a") == (episode(end=30),)
    assert store.flags("b") == ()
    found = store.search(flagged=True)
    assert [(one.id, one.flags) for one in found.sessions] == [("a", 1)]


def test_a_forgotten_session_is_gone_with_its_flags(store: Store, tmp_path: Path) -> None:
    store.add(running(tmp_path, "a").path)
    store.put_flag("a", episode())
    store.forget("a")
    assert store.get("a") is None
    assert store.folder("a") is None
    assert store.flags("a") == ()


def test_the_index_is_made_anew_from_the_folders(tmp_path: Path) -> None:
    folder = running(tmp_path, "a")
    folder.log(EpisodeChanged(session="a", episode=episode(end=20), captured_at_ns=0))
    folder.log(EpisodeChanged(session="a", episode=episode(end=40), captured_at_ns=0))
    ended(folder)
    running(tmp_path, "b")
    (tmp_path / "outputs_stranger").mkdir()
    store = Store(tmp_path)
    assert store.rebuild() == 2
    assert store.rebuild() == 0
    assert store.flags("a") == (episode(end=40),)
    store.close()
    for path in tmp_path.glob("sessions.sqlite*"):
        path.unlink()
    store = Store(tmp_path)
    assert store.rebuild() == 2
    assert store.search().total == 2
    store.close()


def test_what_changed_on_disk_while_nobody_looked_is_seen(store: Store, tmp_path: Path) -> None:
    first, second = running(tmp_path, "a"), running(tmp_path, "b")
    for folder in (first, second):
        ended(folder)
    store.rebuild()
    (first.path / "processed_audio.wav").unlink()
    second.path.rename(tmp_path / "moved away")
    assert store.rebuild() == 2
    assert store.get("b") is None
    found = store.get("a")
    assert found is not None
    assert not found.audio


def test_threads_share_the_index(store: Store, tmp_path: Path) -> None:
    store.add(running(tmp_path, "a").path)
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for end in range(20):
                store.put_flag("a", episode(f"e{number}", end + 20))
                store.search("desk")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(store.flags("a")) == 4


def test_another_database_is_taken_by_its_address(tmp_path: Path) -> None:
    store = Store(tmp_path / "out", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    store.add(running(tmp_path / "out", "a").path)
    store.close()
    assert (tmp_path / "elsewhere.sqlite").exists()
    assert not (tmp_path / "out" / "sessions.sqlite").exists()


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/index.sqlite"])
def test_a_database_that_cannot_be_opened_is_named_with_its_setting(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(OSError, match=r"index cannot be opened.*stream\.record\.index"):
        Store(tmp_path, url)
