from pathlib import Path

from tonewatch.stream.review.rules import Label

from .world import Clock, filled, opened


def test_agreement_follows_the_votes(tmp_path: Path, database: str | None, clock: Clock) -> None:
    reviews = opened(tmp_path, database, clock, second_share=1.0)
    filled(reviews, 100, 200, 300)
    votes: list[tuple[int, str, Label]] = [
        (100, "anna", "fearful"), (100, "ben", "fearful"),
        (200, "anna", "disgusted"), (200, "ben", "disgusted"),
        (300, "anna", "disgusted"), (300, "ben", "fearful"), (300, "cleo", "disgusted"),
    ]  # fmt: skip
    for start, name, label in votes:
        reviews.vote("s1", f"customer-{start}", name, label, "")
        clock.wait(8 * 3600)
    found = reviews.agreement()
    assert (found.reviewers.flags, found.reviewers.pairs) == (3, 5)
    assert found.reviewers.alpha is not None
    assert 0 < found.reviewers.alpha < 1
    assert (found.model.agree, found.model.decided) == (1, 3)
    assert [(day.day, day.decided) for day in found.over_time] == [
        ("2026-11-21", 1),
        ("2026-11-22", 1),
        ("2026-11-23", 1),
    ]
    reviews.close()


def test_a_vote_changed_after_the_answer_was_seen_counts_nowhere_in_agreement(
    tmp_path: Path, database: str | None, clock: Clock
) -> None:
    reviews = opened(tmp_path, database, clock)
    filled(reviews, 100)
    reviews.vote("s1", "customer-100", "anna", "disgusted", "")
    reviews.undo("s1", "customer-100", "anna")
    assert reviews.agreement().model.decided == 0
    reviews.vote("s1", "customer-100", "anna", "fearful", "")
    assert reviews.agreement().model.decided == 0
    assert [one.outcome for one in reviews.decided()] == ["fearful"]
    reviews.close()
