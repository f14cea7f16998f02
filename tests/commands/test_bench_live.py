"""`tonewatch bench live`."""

import pytest

from tonewatch.commands.bench_live import (
    LiveBench,
    flatness,
    load_speech,
    run_live,
    second_by_second,
)
from tonewatch.commands.options import Failure
from tonewatch.stream.sources.demo import demo_call


def test_the_demo_call_is_sent_where_no_recording_is_named() -> None:
    assert load_speech(None, channels=2).shape[1] == 2


def test_legs_that_the_recording_lacks_are_named() -> None:
    with pytest.raises(Failure, match="3 legs were asked for"):
        load_speech(demo_call(), channels=3)


def test_memory_that_grows_is_told_from_memory_that_is_flat() -> None:
    times = [10.0 * number for number in range(120)]
    noise = [number % 3 for number in range(120)]
    flat = flatness([(t, 200.0 + n) for t, n in zip(times, noise, strict=True)])
    grows = flatness([(t, 200.0 + t / 60 + n) for t, n in zip(times, noise, strict=True)])
    warms_up = flatness([(t, min(200.0, 100 + t)) for t in times])
    assert abs(flat["rss_slope_mb_min"]) < 0.1
    assert grows["rss_slope_mb_min"] == pytest.approx(1.0, abs=0.1)
    assert grows["rss_growth_mb"] == pytest.approx(10.7, abs=2)
    assert warms_up["rss_growth_mb"] == pytest.approx(0.0)
    assert flatness([(0.0, 1.0)]) == {"rss_growth_mb": 0.0, "rss_slope_mb_min": 0.0}


def test_latency_is_told_second_by_second() -> None:
    at = [0, 400_000_000, 999_999_999, 2_000_000_000]
    assert second_by_second(at, [1.0, 1.0, 1.0, 5.0]) == [1.0, 0.0, 5.0]


@pytest.mark.slow
def test_a_real_server_is_measured() -> None:
    bench = LiveBench(
        sessions=2,
        seconds=8,
        legs=("customer",),
        message_ms=20,
        audio=None,
        model="compact",
        processes=2,
    )
    figures = run_live(bench, progress=lambda line: None)
    assert figures["readings"] > 0
    assert 0 < figures["latency_p50_ms"] <= figures["latency_p99_ms"]
    assert figures["rss_max_mb"] > 10
