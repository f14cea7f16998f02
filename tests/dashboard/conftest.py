"""One server for the tests of a module that only look; each module's own folder."""

from collections.abc import Iterator

import pytest

from .home import Home, home


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home(tmp_path_factory.mktemp("outputs")) as running:
        yield running
