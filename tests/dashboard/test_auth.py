import pytest

from tonewatch.dashboard.auth import (
    ADDRESSES,
    COOKIE_S,
    Logins,
    ServerSettingsError,
    bearer,
    check_exposure,
    is_loopback,
)
from tonewatch.dashboard.settings import ServerSettings

from .home import Home, home


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory):
    settings = ServerSettings(token="secret", origins=("https://wall.example",))
    with home(tmp_path_factory.mktemp("locked"), server=settings) as running:
        yield running


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)
    check_exposure(ServerSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "monitor.example", ""])
def test_other_addresses_need_a_token(host: str) -> None:
    with pytest.raises(ServerSettingsError, match=r"set server\.token"):
        check_exposure(ServerSettings(host=host))
    check_exposure(ServerSettings(host=host, token="secret"))


def test_too_many_failures_lock_one_address_for_a_minute() -> None:
    clock = Clock()
    logins = Logins("secret", clock)
    assert all(logins.log_in("wrong", "a") is None for _ in range(5))
    assert logins.log_in("secret", "a") is None
    assert logins.log_in("secret", "b") is not None
    clock.now += 61
    assert logins.log_in("secret", "a") is not None


def test_what_is_remembered_of_failures_is_bounded() -> None:
    logins = Logins("secret", Clock())
    for number in range(ADDRESSES + 10):
        logins.log_in("wrong", str(number))
    assert len(logins._failures) == ADDRESSES


def test_a_cookie_ends() -> None:
    clock = Clock()
    logins = Logins("secret", clock)
    headers = {"cookie": f"tonewatch={logins.log_in('secret')}; other=1"}
    assert logins.known(headers)
    clock.now += COOKIE_S + 1
    assert not logins.known(headers)


@pytest.mark.parametrize("cookie", ["", "tonewatch=", "tonewatch=x", "a;b;=;\x00=,", "täst=1"])
def test_a_strange_cookie_lets_nobody_in(cookie: str) -> None:
    assert not Logins("secret", Clock()).known({"cookie": cookie})


def test_a_bearer_token_is_read_whatever_the_case_of_its_scheme() -> None:
    assert bearer({"authorization": "bearer secret"}) == "secret"
    assert bearer({"authorization": "Basic secret"}) == ""
    assert bearer({}) == ""


def test_without_a_token_loopback_is_open(house: Home) -> None:
    with house.http() as client:
        assert client.get("/api/status").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "[", ""])
def test_other_host_names_are_refused_on_an_open_loopback(house: Home, host: str) -> None:
    with house.http() as client:
        answer = client.get("/api/status", headers={"Host": host})
    assert answer.status_code == 403
    assert "not this machine" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_pages_of_other_origins_change_nothing(house: Home, origin: str) -> None:
    with house.http(headers={"Origin": origin}) as client:
        assert client.post("/api/demo").status_code == 403
        assert client.delete("/api/sessions/x").status_code == 403
        assert client.get("/api/status").status_code == 200


def test_the_own_page_may_change_things(house: Home) -> None:
    with house.http(headers={"Origin": house.url}) as client:
        assert client.delete("/api/sessions/none").status_code == 404


def test_programs_show_the_token(locked: Home) -> None:
    with locked.http() as client:
        refused = client.get("/api/status")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.json()["error"]["way_out"]
        wrong = client.get("/api/status", headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        right = client.get("/api/status", headers={"Authorization": "Bearer secret"})
        assert right.status_code == 200


def test_people_log_in_and_out(locked: Home) -> None:
    with locked.http(headers={"Accept": "text/html"}) as client:
        assert client.get("/").headers["location"] == "/login"
        assert client.post("/login", data={"token": "wrong"}).status_code == 401
        answer = client.post("/login", data={"token": "secret"})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/status").status_code == 200
        kept = {"Cookie": f"tonewatch={client.cookies['tonewatch']}"}
        client.post("/logout")
        assert client.get("/api/status", headers=kept).headers["location"] == "/login"


def test_health_and_the_log_in_page_are_open(locked: Home) -> None:
    with locked.http() as client:
        assert client.get("/healthz").status_code == 200
        assert "<form" in client.get("/login").text
        assert client.get("/assets/login.css").status_code == 200


def test_a_named_origin_may_open_sockets(locked: Home) -> None:
    headers = {"Authorization": "Bearer secret"}
    with locked.viewer(origin="https://wall.example", additional_headers=headers) as viewer:
        assert viewer.recv()
