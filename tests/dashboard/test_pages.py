from pathlib import Path

import pytest

from tonewatch.dashboard.pages import VIEWS

from .home import Home, home


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory):
    static = tmp_path_factory.mktemp("static")
    (static / "assets").mkdir()
    (static / "index.html").write_text("<title>the page</title>")
    (static / "secret.txt").write_text("secret")
    (static / "assets" / "main-BS_Zmamf.js").write_text("1")
    (static / "assets" / "favicon.svg").write_text("<svg/>")
    with home(tmp_path_factory.mktemp("outputs"), static=static) as running:
        yield running


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_the_page_and_is_asked_for_anew(built: Home, view: str) -> None:
    with built.http() as client:
        answer = client.get(view.replace("{rest:path}", "a1b2"))
    assert (answer.status_code, "the page" in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-cache"


def test_assets_with_a_digest_in_their_name_are_kept_for_ever(built: Home) -> None:
    with built.http() as client:
        digest, plain = client.get("/assets/main-BS_Zmamf.js"), client.get("/assets/favicon.svg")
    assert "immutable" in digest.headers["cache-control"]
    assert "javascript" in digest.headers["content-type"]
    assert plain.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.js", "..%2Fsecret.txt", "%2Fetc%2Fpasswd", ""])
def test_no_asset_leads_out_of_its_folder(built: Home, name: str) -> None:
    with built.http() as client:
        assert client.get(f"/assets/{name}").status_code == 404


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with home(tmp_path / "outputs", static=tmp_path) as house, house.http() as client:
        answer = client.get("/")
    assert (answer.status_code, "make page" in answer.text) == (503, True)
