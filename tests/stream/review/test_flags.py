from tonewatch.stream.review.flags import flag_name

from .world import episode


def test_a_flag_s_name_leaves_its_session_out() -> None:
    assert flag_name("s1", episode("s1", 100).id) == "customer-100"
    assert flag_name("s1", "e7") == "e7"
    assert flag_name("s1", "s10/customer-1") == "s10/customer-1"
