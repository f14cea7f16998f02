import json
from pathlib import Path

import pytest

from tonewatch.models.manifest import Manifest, ManifestError

from .tiny import tiny_model
from .tiny_streaming import DELAY, tiny_streaming_model


def test_frames_follow_the_receptive_field(tmp_path: Path) -> None:
    assert Manifest.load(tiny_model(tmp_path / "a")).frames_of(48000) == 150
    assert Manifest.load(tiny_model(tmp_path / "b", receptive_field=400)).frames_of(48000) == 149


def test_rivals_need_both_labels(tmp_path: Path) -> None:
    assert Manifest.load(tiny_model(tmp_path / "a")).decides_rivals
    assert not Manifest.load(tiny_model(tmp_path / "b", known=["fearful", "happy"])).decides_rivals


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("labels", ["happy", "sad"], "labels: expected angry"),
        ("lengths", [48000, 16000], "rising samples"),
        ("lengths", [16000, 48100], "rising samples"),
        ("schema", 2, "schema"),
        ("licence", None, "licence"),
        ("known", [], "known: expected"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, field: str, value: object, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        Manifest.load(tiny_model(tmp_path / "a", **{field: value}))


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"model\.json: missing"):
        Manifest.load(tmp_path)


def test_unknown_fields_are_tolerated(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "a")
    content = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(content | {"later": 1}))
    assert Manifest.load(folder).name == "a"


@pytest.mark.parametrize(("field", "tail"), [(320, 0), (400, 1)])
def test_a_windows_answer_ends_where_its_receptive_field_does(
    tmp_path: Path, field: int, tail: int
) -> None:
    assert Manifest.load(tiny_model(tmp_path / "a", receptive_field=field)).tail_frames == tail


def test_a_streaming_models_answers_lag(tmp_path: Path) -> None:
    manifest = Manifest.load(tiny_streaming_model(tmp_path / "a"))
    assert manifest.streaming is not None
    assert manifest.tail_frames == manifest.streaming.delay_frames == DELAY
