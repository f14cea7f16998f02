"""`tonewatch bench live`."""

import pytest

from tonewatch.commands.bench_live import LiveBench, load_speech, run_live
from tonewatch.commands.options import Failure
from tonewatch.stream.sources.demo import demo_call


def test_the_demo_call_is_sent_where_no_recording_is_named() -> None:
    assert load_speech(None, channels=2).shape[1] == 2


def test_legs_that_the_recording_lacks_are_named() -> None:
    with pytest.raises(Failure, match="3 legs were asked for"):
        load_speech(demo_call(), channels=3)


@pytest.mark.slow
def test_a_real_server_is_measured() -> None:
    bench = LiveBench(
        sessions=2, seconds=8, legs=("customer",), message_ms=20, audio=None, model="compact"
    )
    figures = run_live(bench, progress=lambda line: None)
    assert figures["readings"] > 0
    assert 0 < figures["latency_p50_ms"] <= figures["latency_p99_ms"]
    assert figures["rss_max_mb"] > 10
