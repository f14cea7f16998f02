import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def export_tiny(tmp_path: Path, **job: object) -> Path:
    from tonewatch.onnx_export.emotion2vec.export import Export, export

    from ..tiny import checkpoint

    source = checkpoint(tmp_path / "tiny")
    return export(Export(source=source, target=tmp_path / "models", **job), lambda line: None)  # type: ignore[arg-type]


def test_an_export_is_checked_and_served_with_funasrs_numbers(tmp_path: Path) -> None:
    from tonewatch.models.onnx_engine import OnnxEngine
    from tonewatch.models.window import Window

    folder = export_tiny(tmp_path)
    manifest = json.loads((folder / "model.json").read_text())
    assert {check["name"].split(":")[0] for check in manifest["checks"]} == {
        "graph against network",
        "graph against FunASR",
    }
    assert all(check["passed"] for check in manifest["checks"])
    engine = OnnxEngine(folder, provider="cpu")
    noise = np.random.default_rng(0).standard_normal(48000).astype(np.float32) * 0.1
    (frames,) = engine.infer(
        [Window(leg="a", start_frame=0, samples=noise, speech=1.0, captured_at=0.0)]
    )
    assert frames.logits.shape == (149, 9)


def test_int8_says_how_far_it_is_from_fp32(tmp_path: Path) -> None:
    folder = export_tiny(tmp_path, precision="int8", reference=False)
    manifest = json.loads((folder / "model.json").read_text())
    found = manifest["accuracy"]["deviation_from_fp32"]
    assert found["scores"] > 0
    assert manifest["batching"] is False
    assert [path.name for path in folder.iterdir() if path.suffix == ".onnx"] == ["tiny-int8.onnx"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    from tonewatch.onnx_export.emotion2vec.export import Export, export
    from tonewatch.onnx_export.errors import ExportError

    from ..tiny import checkpoint

    source = checkpoint(tmp_path / "tiny")
    (source / "model.pt").write_bytes(b"")
    with pytest.raises(ExportError):
        export(Export(source=source, target=tmp_path / "models"), lambda line: None)
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").iterdir())


def test_too_little_space_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from tonewatch.onnx_export.errors import ExportError

    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ExportError, match="make room"):
        export_tiny(tmp_path)
