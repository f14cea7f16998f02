from tonewatch.stream.clock import Clock


def test_times_inside_become_utc_at_the_edge() -> None:
    clock = Clock(now=lambda: 100.0, wall_ns=lambda: 1_795_237_200_123_456_789)
    assert clock.to_ns(100.0) == 1_795_237_200_123_456_789
    assert clock.to_ns(99.5) == 1_795_237_199_623_456_789
    assert clock.text() == "2026-11-21T05:00:00.123Z"


def test_the_real_clock_runs_forward() -> None:
    clock = Clock()
    earlier = clock.now()
    assert clock.to_ns(earlier) <= clock.wall_ns()
