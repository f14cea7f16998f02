import pytest
from tests.stream.house import spec

from tonewatch.stream.law import rule
from tonewatch.stream.session_spec import LegSpec, SessionSpec, first_info
from tonewatch.stream.settings import MonitorSettings


def test_every_session_begins_live_under_an_id_of_its_own() -> None:
    wanted = spec("customer", "agent", name="desk 7")
    legs = [(leg.name, leg.role) for leg in wanted.legs]
    ruling = rule(wanted.source, legs, wanted.notice, MonitorSettings())
    infos = [first_info(wanted, ruling, started_at="2026-11-21T05:00:00Z", hop_ms=240)] * 2
    infos.append(first_info(wanted, ruling, started_at="2026-11-21T05:00:00Z", hop_ms=240))
    assert len({info.id for info in infos}) == 2
    assert {(info.name, info.state, info.scoring) for info in infos} == {("desk 7", "live", True)}


@pytest.mark.parametrize(
    ("legs", "rate", "words"),
    [
        ((), 16000, "different names"),
        (("customer", "customer"), 16000, "different names"),
        (("a/b",), 16000, "no slash"),
        (("customer",), 7999, "7999 Hz"),
        (("customer",), 400_000, "400000 Hz"),
    ],
)
def test_a_session_that_cannot_be_is_refused(legs: tuple[str, ...], rate: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SessionSpec(
            source="ingest",
            rate=rate,
            legs=tuple(LegSpec(name=leg, role="customer") for leg in legs),
        )
