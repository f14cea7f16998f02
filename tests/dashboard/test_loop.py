from pathlib import Path

from tests.stream.learning.test_versions import add

from tonewatch.stream.learning.versions import Versions

from .home import home


def test_the_loop_is_told_adopted_and_rolled_back(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.http() as client:
        versions = Versions(house.parts.output)
        assert client.get("/api/loop").json() == {
            "versions": [],
            "active": None,
            "restart_needed": False,
        }
        add(versions)
        add(versions, better=False)
        refused = client.post("/api/loop/adopt", json={"version": 2})
        assert refused.status_code == 409
        assert "not better" in refused.json()["error"]["message"]
        adopted = client.post("/api/loop/adopt", json={"version": 1}).json()
        assert (adopted["active"], adopted["restart_needed"]) == (1, True)
        assert [one["adopted"] for one in adopted["versions"]] == [False, True]
        assert client.post("/api/loop/rollback").json()["active"] is None
        assert client.post("/api/loop/rollback").status_code == 409


def test_a_refit_without_reviews_says_what_it_needs(tmp_path: Path) -> None:
    with home(tmp_path) as house, house.http() as client:
        answer = client.post("/api/loop/refit")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "too_few"
