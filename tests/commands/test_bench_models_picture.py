import sys
from pathlib import Path

import pytest

from tonewatch.commands.bench_models_picture import draw_models
from tonewatch.stream.picture import PictureError

FIGURES = {
    "models": [{"name": "one", "processor_ms": {"1 s": 3.0, "3 s": 9.0}}],
    "curves": [
        {
            "model": "one",
            "channels": [1, 2],
            "p95_ms": [20.0, 700.0],
            "ms_per_second_by_hop": {"240": 20.0, "480": 10.0},
        }
    ],
}


def test_costs_are_drawn(tmp_path: Path) -> None:
    assert draw_models(FIGURES, tmp_path / "x.png").stat().st_size > 1000


def test_without_matplotlib_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PictureError, match=r"tonewatch\[plot\]"):
        draw_models(FIGURES, tmp_path / "x.png")
