from dataclasses import fields

from tonewatch.dashboard.answers import ALL
from tonewatch.dashboard.review_answers import ReviewItem


def test_a_flag_in_the_queue_carries_no_score_and_no_reason() -> None:
    names = {field.name for field in fields(ReviewItem)}
    assert not names & {"fear", "disgust", "scores", "reason_en", "model", "strength", "peak"}


def test_the_page_s_types_know_it() -> None:
    assert ReviewItem in ALL
