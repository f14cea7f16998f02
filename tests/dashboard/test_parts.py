from starlette.requests import Request

from tonewatch.dashboard.parts import who_asks

from .home import Home


def test_sessions_lie_where_the_settings_say(house: Home) -> None:
    assert house.parts.output == house.parts.stream.record.output


def test_whoever_asks_is_named_by_address() -> None:
    scope = {"type": "http", "headers": []}
    assert who_asks(Request({**scope, "client": ("10.0.0.7", 1)})) == "10.0.0.7"
    assert who_asks(Request({**scope, "client": None})) == "system"
