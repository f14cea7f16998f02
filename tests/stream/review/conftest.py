"""Every test of the queue runs on SQLite and on a PostgreSQL server of its own."""

from collections.abc import Callable

import pytest

from .world import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty database; None: the default, a file in the output folder."""
    if request.param == "sqlite":
        return None
    empty: Callable[[], str] = request.getfixturevalue("postgres")
    return empty()


@pytest.fixture
def clock() -> Clock:
    return Clock()
