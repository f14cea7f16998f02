import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tonewatch.stream.review.database import DATABASE_NAME, Database
from tonewatch.stream.review.faults import UnavailableError
from tonewatch.stream.review.settings import ReviewSettings
from tonewatch.stream.review.tables import FLAGS, META, SCHEMA, SCHEMA_VERSION


def settings(url: str | None) -> ReviewSettings:
    return ReviewSettings(database=SecretStr(url) if url else None)


def test_a_newer_schema_is_refused_by_name_and_left_alone(
    tmp_path: Path, database: str | None
) -> None:
    first = Database(tmp_path, settings(database))
    with first.writing() as connection:
        connection.execute(sa.update(SCHEMA).values(version=SCHEMA_VERSION + 1))
        META.drop_all(
            connection, tables=[table for table in META.tables.values() if table is not SCHEMA]
        )
    first.close()
    with pytest.raises(OSError, match=r"newer version \(schema 2, this one knows 1\): update"):
        Database(tmp_path, settings(database))


def test_opening_twice_makes_nothing_twice(tmp_path: Path, database: str | None) -> None:
    for _ in range(2):
        opened = Database(tmp_path, settings(database))
        with opened.reading() as connection:
            found = connection.execute(sa.select(SCHEMA.c.version)).scalars().all()
        opened.close()
        assert found == [SCHEMA_VERSION]


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path, database: str | None) -> None:
    opened = Database(tmp_path, settings(database))

    def half() -> None:
        with opened.writing() as connection:
            connection.execute(sa.insert(SCHEMA).values(version=7))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with opened.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(SCHEMA)).scalar() == 1
    opened.close()


def test_writers_who_read_first_do_not_lose_each_other_s_changes(
    tmp_path: Path, database: str | None
) -> None:
    opened = Database(tmp_path, settings(database))
    begin = threading.Barrier(8)

    def add(_: int) -> None:
        begin.wait()
        for _ in range(10):
            with opened.writing() as connection:
                row = sa.select(SCHEMA.c.version).with_for_update()
                version = connection.execute(row).scalar_one()
                connection.execute(sa.update(SCHEMA).values(version=version + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    with opened.reading() as connection:
        assert connection.execute(sa.select(SCHEMA.c.version)).scalar() == SCHEMA_VERSION + 80
    opened.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "see stream.review.database"),
        ("mysql+pymysql://host/x", "takes sqlite and postgresql"),
        ("postgresql://reviewer:secret@127.0.0.1:1/x", "see stream.review.database"),
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(
    tmp_path: Path, url: str, told: str
) -> None:
    with pytest.raises(OSError, match=told) as error:
        Database(tmp_path, settings(url))
    assert "secret" not in str(error.value)


def test_a_missing_driver_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OSError, match="needs the extra `postgres`"):
        Database(tmp_path, settings("postgresql://127.0.0.1:1/x"))


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"this is no database, " * 100)
    with pytest.raises(OSError, match="the reviews cannot be opened"):
        Database(tmp_path, settings(None))


def test_a_database_that_stops_answering_is_told(tmp_path: Path, database: str | None) -> None:
    opened = Database(tmp_path, settings(database))

    def ask() -> None:
        with opened.reading() as connection:
            connection.execute(sa.select(FLAGS))

    ask()
    with opened.writing() as connection:
        META.drop_all(connection)
    with pytest.raises(UnavailableError, match="does not answer"):
        ask()
    opened.close()


def test_the_address_is_not_shown_with_the_settings() -> None:
    shown = settings("postgresql://anna:secret@host/x").model_dump(mode="json")
    assert "secret" not in str(shown)
