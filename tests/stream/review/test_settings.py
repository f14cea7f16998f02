from pydantic import SecretStr

from tonewatch.stream.review.settings import ReviewSettings
from tonewatch.stream.settings import StreamSettings


def test_the_database_is_part_of_the_stream_and_its_password_is_not_shown() -> None:
    review = ReviewSettings(database=SecretStr("postgresql://anna:hidden@host/x"))
    shown = StreamSettings(review=review).model_dump(mode="json")
    assert shown["review"]["claim_s"] == 300.0
    assert "hidden" not in str(shown) + str(review)
