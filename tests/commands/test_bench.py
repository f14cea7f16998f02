"""`tonewatch bench`: what a report says; the measurements are tested file by file."""

import json
from pathlib import Path

import pytest

from tonewatch.commands.bench import _report
from tonewatch.commands.options import Failure


def test_a_report_can_be_measured_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _report("live", {"latency_p50_ms": 12.34567, "rss_mb": [1.0, 2.0]}, tmp_path / "raw.json")
    told = capsys.readouterr().out
    assert "12.35" in told
    assert "machine" in told
    raw = json.loads((tmp_path / "raw.json").read_text())
    assert raw["rss_mb"] == [1.0, 2.0]
    assert set(raw) >= {"bench", "command", "date", "machine"}


def test_a_bench_without_figures_fails() -> None:
    with pytest.raises(Failure, match="measured nothing"):
        _report("live", {}, None)
