"""`tonewatch bench offline`."""

import pytest

from tonewatch.commands.bench_offline import run_offline


@pytest.mark.slow
def test_a_short_recording_is_measured() -> None:
    told: list[str] = []
    figures = run_offline(0.2, None, "compact", progress=told.append)
    assert figures["minutes"] == 0.2
    assert figures["seconds"] > 0
    assert figures["rss_max_mb"] > 10
    assert told
