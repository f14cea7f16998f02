"""An engine's memory over very many calls."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.models.tiny import tiny_model

from tonewatch.models.onnx_engine import OnnxEngine
from tonewatch.models.window import Window

CALLS = 10_000
MOST_CHANNELS = 12


@pytest.mark.slow
def test_memory_is_flat_over_very_many_calls_with_varied_channels(tmp_path: Path) -> None:
    engine = OnnxEngine(tiny_model(tmp_path / "tiny"), provider="cpu", threads=1)
    lengths, rng = engine.manifest.lengths, np.random.default_rng(0)
    waves = {n: (0.1 * rng.standard_normal(n)).astype(np.float32) for n in lengths}
    process = psutil.Process()
    resident: list[int] = []
    for call in range(CALLS):
        count = int(rng.integers(1, MOST_CHANNELS + 1))
        legs = [f"call{call % 500}/leg{channel}" for channel in range(count)]
        for leg in legs:
            engine.open(leg)
        engine.infer(
            [
                Window(
                    leg=leg,
                    start_frame=0,
                    samples=waves[int(rng.choice(lengths))].copy(),
                    speech=1.0,
                    captured_at=0.0,
                )
                for leg in legs
            ]
        )
        for leg in legs:
            engine.close(leg)
        if call % 1000 == 999:
            resident.append(process.memory_info().rss)
    # The first thousands fill the allocator's pools; a leak of a float a call would be more.
    assert max(resident[5:]) - min(resident[2:5]) < 4 * 2**20
