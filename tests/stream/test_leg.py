import numpy as np

from tonewatch.stream.audio import Chunk, Gap
from tonewatch.stream.leg import Leg, gap_noted
from tonewatch.stream.listener.listener import Listener
from tonewatch.stream.meter import Meter
from tonewatch.stream.quality import Quality
from tonewatch.stream.ring import Ring
from tonewatch.stream.settings import ListenerSettings


def gap(start: int, length: int, reason: str = "paused") -> Gap:
    return Gap(leg="customer", start=start, length=length, reason=reason, captured_at=0.0)


def chunk(start: int, length: int, at: float = 0.0) -> Chunk:
    samples = np.arange(start, start + length, dtype=np.float32)
    return Chunk(leg="customer", start=start, samples=samples, captured_at=at)


def leg() -> Leg:
    return Leg(
        name="customer",
        key="s/customer",
        ring=Ring("customer", 100),
        listener=Listener("s/customer", 16_000, ListenerSettings()),
        meter=Meter(),
        quality=Quality(3.0),
        core=None,
    )


def test_a_gap_is_told_once_and_whole() -> None:
    one = leg()
    assert one.gap_of(gap(0, 10)) is None
    assert one.gap_of(gap(10, 5)) is None
    whole = one.gap_of(chunk(15, 5))
    assert whole is not None
    assert (whole.start, whole.length) == (0, 15)
    assert one.gap_of(chunk(20, 5)) is None


def test_a_gap_of_another_reason_is_another_gap() -> None:
    one = leg()
    one.gap_of(gap(0, 10))
    first = one.gap_of(gap(10, 5, "late reader"))
    assert first == gap(0, 10)
    assert one.gap_of(None) == gap(10, 5, "late reader")


def test_a_gap_stands_on_the_16_khz_grid() -> None:
    noted = gap_noted("s", "customer", gap(8000, 4000), 8000)
    assert (noted.start, noted.length, noted.reason) == (16_000, 8000, "paused")
