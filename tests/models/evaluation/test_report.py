from pathlib import Path
from typing import Any

import numpy as np

from tonewatch.models.evaluation.metrics import Reliability
from tonewatch.models.evaluation.report import draw, write_json, write_markdown

ROW = {"clips": 4, "speakers": 2, "uar": 50.0, "uar_interval": [40.0, 60.0]}
ROW |= {"wa": 50.0, "macro_f1": 48.1, "ece": 9.9}
FIGURES: dict[str, Any] = {
    "model": "small 1",
    "clips": 4,
    "speakers": 2,
    "seen_speakers": ["a"],
    "groups": {"language": {"中文": ROW}},
    "rivals": None,
    "risk_coverage": {"50 %": 25.0},
    "unknown_below": {"50 %": 0.41},
    "changes": {
        "splices": 7,
        "eder": 30.0,
        "eder_interval": [20.0, 40.0],
        "missed": 10.0,
        "false_alarm": 15.0,
        "confused": 5.0,
        "onsets": {
            "angry": {"splices": 4, "found": 75.0, "median_s": 0.5, "p90_s": 0.9},
            "sad": {"splices": 3, "found": 0.0, "median_s": None, "p90_s": None},
        },
    },
    "robustness": {
        "clean": {"uar": 50.0, "change": 0.0, "change_interval": [0.0, 0.0]},
        "telephone": {"uar": 48, "change": -2.0, "change_interval": [-3.0, 1.0]},
    },
}


def test_tables_hold_the_figures(tmp_path: Path) -> None:
    write_markdown(tmp_path, FIGURES)
    write_json(tmp_path, FIGURES)
    text = (tmp_path / "evaluation.md").read_text(encoding="utf-8")
    assert "| 中文 | 4 | 2 | 50.0 (40.0 to 60.0) | 50.0 | 48.1 | 9.9 |" in text
    assert "| telephone | 48 | -2.0 (-3.0 to +1.0) |" in text
    assert "| angry | 4 | 75.0 % | 0.5 | 0.9 |" in text
    assert "| sad | 3 | 0.0 % | – | – |" in text
    assert "| 50 % | 25.0 | 0.41 |" in text
    assert "(20.0 to 40.0)" in text
    assert "Fear, disgust" not in text
    assert "too good" in text
    assert "中文" in (tmp_path / "evaluation.json").read_text(encoding="utf-8")


def test_pictures_are_drawn_of_a_label_that_never_occurs(tmp_path: Path) -> None:
    bins = Reliability(np.array([0.5]), np.array([0.4]), np.array([1.0]))
    curve = (np.array([0.5, 1.0]), np.array([0.0, 0.5]))
    draw(tmp_path, ["angry", "sad"], np.array([[2, 1], [0, 0]]), bins, curve)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "confusion.png",
        "reliability.png",
        "risk_coverage.png",
    ]
