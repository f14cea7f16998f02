from tonewatch.stream.review.faults import ClaimedError, TooLateError, UnknownFlagError

from .world import NOON


def test_a_refusal_says_who_and_how_to_go_on() -> None:
    told = ClaimedError("anna", NOON)
    assert str(told) == "anna holds this flag until 12:00:00 UTC; take another one"
    assert told.by == "anna"
    assert "600 s" in str(TooLateError(600.0))
    assert "s1/e1" in str(UnknownFlagError("s1", "e1"))
