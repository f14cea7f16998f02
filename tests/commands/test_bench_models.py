"""`tonewatch bench models`, with small models made in the test."""

import json
from pathlib import Path

from tests.commands.clips import clips
from tests.models.tiny import tiny_model
from tests.models.tiny_streaming import tiny_streaming_model

from .shell import tonewatch


def test_models_are_measured_side_by_side(tmp_path: Path) -> None:
    manifest = clips(tmp_path / "clips")
    large, base = (tiny_model(tmp_path / name) for name in ("large", "base"))
    stream = tiny_streaming_model(tmp_path / "stream")
    target, picture = tmp_path / "found.json", tmp_path / "found.png"
    words = ["--models", f"{large},{base},{stream}", "--rounds", 1, "--call-s", 20]
    words += ["--most-channels", 4, "--json", target, "--picture", picture]
    answer = tonewatch("bench", "models", manifest, *words)
    assert answer.exit_code == 0, answer.output
    found = json.loads(target.read_text())
    assert [row["name"] for row in found["models"]] == ["large", "base", stream.name]
    policies = {row["policy"]: row for row in found["policies"] if row["model"] == "large"}
    assert policies["every hop"]["gain"] == 1
    assert policies["without silence"]["gain"] > 1
    assert any("base with large" in row["model"] for row in found["policies"])
    assert {row["model"] for row in found["channels"]} == {"large", "base", stream.name}
    assert picture.stat().st_size > 1000


def test_an_unknown_model_is_one_line(tmp_path: Path) -> None:
    answer = tonewatch("bench", "models", clips(tmp_path), "--models", "oracle")
    assert answer.exit_code == 2
    assert "oracle" in answer.output
