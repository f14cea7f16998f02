"""The GPU's bench, rehearsed without one."""

import json
from pathlib import Path

import pytest
from tests.models.tiny import tiny_model
from tools.bench_gpu import BATCHES, main


def test_every_step_runs_without_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tiny_model(tmp_path / "tiny")), "--provider", "cpu", "--seconds", "0.01"])
    found = json.loads(capsys.readouterr().out)
    assert found["provider"] == "cpu"
    assert found["peak_tflops"] > 0
    assert [row["batch"] for row in found["batches"]] == list(BATCHES)
    for row in found["batches"]:
        assert row["windows_per_second"] == pytest.approx(row["batch"] * 1e3 / row["call_ms"])
        assert row["memory_mib"] is None
