"""One server for the tests of a module that only look; each module's own folder."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from tonewatch.stream.review.settings import ReviewSettings

from .home import Home, home


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home(tmp_path_factory.mktemp("outputs")) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest) -> Callable[[], ReviewSettings]:
    """Settings with an empty database of one kind or the other."""
    if request.param == "sqlite":
        return lambda: ReviewSettings(second_share=0.0)
    empty: Callable[[], str] = request.getfixturevalue("postgres")
    return lambda: ReviewSettings(second_share=0.0, database=SecretStr(empty()))
