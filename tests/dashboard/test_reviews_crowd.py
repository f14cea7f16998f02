"""Many reviewers at once, over the API: each flag has one winner, nothing is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tonewatch.stream.review.settings import ReviewSettings

from .home import Home, home
from .reviewing import waiting


def crowd(
    house: Home, reviewers: int, review: Callable[[httpx.Client, str], list[str]]
) -> dict[str, list[str]]:
    """Everybody begins in the same instant; who won which flags."""
    begin = threading.Barrier(reviewers)

    def work(name: str) -> list[str]:
        with house.http(limits=httpx.Limits(max_connections=1)) as client:
            begin.wait()
            return review(client, name)

    with ThreadPoolExecutor(reviewers) as pool:
        names = [f"reviewer {number}" for number in range(reviewers)]
        return dict(zip(names, pool.map(work, names), strict=True))


@pytest.mark.parametrize(
    ("reviewers", "flags"), [(8, 40), pytest.param(50, 1000, marks=pytest.mark.slow)]
)
def test_however_many_take_at_once_each_flag_has_one_winner_and_none_is_lost(
    kept_in: Callable[[], ReviewSettings], tmp_path: Path, reviewers: int, flags: int
) -> None:
    def review(client: httpx.Client, name: str) -> list[str]:
        won: list[str] = []
        while (answer := client.post("/api/reviews/next", json={"reviewer": name})).content:
            item = answer.json()
            assert item["claimed_by"] == name
            path = f"/api/reviews/s1/{item['episode']}/vote"
            voted = client.post(path, json={"reviewer": name, "label": "fearful"})
            assert voted.status_code == 200, voted.text
            won.append(item["episode"])
        return won

    with home(tmp_path, review=kept_in()) as house:
        waiting(house, flags)
        won = crowd(house, reviewers, review)
        votes = house.parts.reviews.history()
    taken = [flag for flags in won.values() for flag in flags]
    assert sorted(taken) == sorted(f"customer-{number}" for number in range(flags))
    assert sorted((vote.reviewer, flag.episode) for flag, vote in votes) == sorted(
        (name, flag) for name, flags in won.items() for flag in flags
    )


@pytest.mark.parametrize(
    ("reviewers", "flags"), [(8, 40), pytest.param(50, 250, marks=pytest.mark.slow)]
)
def test_of_all_who_click_the_same_flag_one_wins_and_the_others_learn_who(
    kept_in: Callable[[], ReviewSettings], tmp_path: Path, reviewers: int, flags: int
) -> None:
    refused: list[tuple[str, str]] = []

    def click(client: httpx.Client, name: str) -> list[str]:
        won: list[str] = []
        # Every fifth flag, in the same order as all who begin with the same one.
        for number in range(int(name.split()[1]) % 5, flags, 5):
            path = f"/api/reviews/s1/customer-{number}/claim"
            answer = client.post(path, json={"reviewer": name})
            if answer.status_code == 200:
                won.append(f"customer-{number}")
            else:
                assert answer.status_code == 409
                refused.append((f"customer-{number}", answer.json()["claimed_by"]))
        return won

    with home(tmp_path, review=kept_in()) as house:
        waiting(house, flags)
        won = crowd(house, reviewers, click)
    winner = {flag: name for name, taken in won.items() for flag in taken}
    assert sum(map(len, won.values())) == len(winner) == flags
    assert len(refused) == sum(len(range(n % 5, flags, 5)) for n in range(reviewers)) - flags
    assert all(winner[flag] == by for flag, by in refused)
