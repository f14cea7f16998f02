"""The database of the reviews: SQLite or PostgreSQL by URL, with the same statements."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from .faults import UnavailableError
from .settings import ReviewSettings
from .tables import META, SCHEMA, SCHEMA_VERSION

DATABASE_NAME: Final = "reviews.sqlite"
SETTING: Final = "stream.review.database"
CONNECTIONS: Final = 40
"""Most connections at once: one for each thread in which the server answers requests."""
_UPSERTS: Final[dict[str, Callable[[sa.Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Database:
    """Connections to one database. From any thread."""

    def __init__(self, output: Path, settings: ReviewSettings) -> None:
        """Connect, and make the tables where there are none.

        `output` holds the SQLite file that is used where the settings name no database. Raises
        OSError if it cannot be opened or was made by a newer version.
        """
        try:
            self._engine = _engine(output, settings)
            self._lock = _writers(self._engine)
            with self.writing() as connection:
                version = _made(connection)
        except (sa.exc.SQLAlchemyError, ModuleNotFoundError, UnavailableError) as error:
            reason = str(error).splitlines()[0]
            if isinstance(error, ModuleNotFoundError):
                reason += "; PostgreSQL needs the extra `postgres`"
            raise OSError(f"the reviews cannot be opened ({reason}): see {SETTING}") from error
        if version > SCHEMA_VERSION:
            self.close()
            raise OSError(
                f"the reviews were written by a newer version (schema {version}, this one knows "
                f"{SCHEMA_VERSION}): update Tonewatch, or name another database in {SETTING}"
            )

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that changes nothing. Raises UnavailableError."""
        with _told(), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: all of it or nothing. Raises UnavailableError."""
        engine = self._engine.execution_options(writes=True)
        with _told(), self._lock, engine.begin() as connection:
            yield connection

    def insert_new(self, table: sa.Table, values: dict[str, Any]) -> sa.Executable:
        """An insertion that leaves a row with the same key as it is."""
        statement: sa.Executable = (
            _UPSERTS[self._engine.dialect.name](table).values(values).on_conflict_do_nothing()
        )
        return statement


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(f"the reviews' database does not answer: {reason}") from error


def _engine(output: Path, settings: ReviewSettings) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(output / DATABASE_NAME))
    if settings.database is not None:
        url = sa.make_url(settings.database.get_secret_value())
    else:
        output.mkdir(parents=True, exist_ok=True)
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in _UPSERTS:
        raise OSError(
            f"the reviews cannot be kept in {url.get_backend_name()}: "
            f"{SETTING} takes sqlite and postgresql"
        )
    engine = sa.create_engine(
        url, pool_size=CONNECTIONS // 4, max_overflow=CONNECTIONS, pool_pre_ping=True
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _writers(engine: sa.Engine) -> contextlib.AbstractContextManager[object]:
    """SQLite has one writer: ours wait here, in order, rather than ask the file again and again."""
    return threading.Lock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()


def _made(connection: sa.Connection) -> int:
    """Make what is missing, unless a newer version was here; the version of the schema."""
    if sa.inspect(connection).has_table(SCHEMA.name):
        found = connection.execute(sa.select(sa.func.max(SCHEMA.c.version))).scalar_one()
        return int(found or SCHEMA_VERSION)
    META.create_all(connection)
    connection.execute(sa.insert(SCHEMA).values(version=SCHEMA_VERSION))
    return SCHEMA_VERSION


def _tune_sqlite(connection: Any, _: object) -> None:
    # The driver begins a transaction with its first change, which is too late: _begin_sqlite does.
    connection.isolation_level = None
    # Unlike the index, reviews cannot be made again: a vote is on the disk before it is answered.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that read before it writes cannot wait for another writer: it would have to
    # begin anew.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
