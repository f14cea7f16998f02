from pathlib import Path

import pytest

from tonewatch.dashboard.app import create_app
from tonewatch.dashboard.auth import ServerSettingsError
from tonewatch.dashboard.settings import ServerSettings

from .home import Home, home


def test_an_open_address_without_a_token_makes_no_application(tmp_path: Path) -> None:
    settings = ServerSettings(host="0.0.0.0")
    with (
        pytest.raises(ServerSettingsError, match=r"--host 0\.0\.0\.0"),
        home(tmp_path, server=settings),
    ):
        pass


def test_two_applications_share_nothing(house: Home) -> None:
    one, two = create_app(house.parts, version="1"), create_app(house.parts, version="2")
    assert (one.version, two.version) == ("1", "2")
    assert len(one.routes) == len(two.routes)


def test_page_rest_and_sockets_lie_on_one_port(house: Home) -> None:
    with house.http() as client, house.viewer() as viewer, house.sender() as sender:
        assert client.get("/api/status").status_code == 200
        assert viewer.recv()
        assert sender.subprotocol == "tonewatch.pcm.v1"


def test_a_door_that_is_none_is_told_in_the_one_shape(house: Home) -> None:
    with house.http() as client:
        answer = client.get("/api/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "http")
