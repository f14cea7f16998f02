"""What happens around TensorRT's builder; the builder itself is played by an ONNX Runtime session.

Nothing here has run on a GPU.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.tiny import tiny_model

from tonewatch.models import tensorrt_cache
from tonewatch.models.onnx_session import TENSORRT, load_session
from tonewatch.models.tensorrt_cache import READY, Gpu
from tonewatch.onnx_export import tensorrt
from tonewatch.onnx_export.errors import ExportError
from tonewatch.onnx_export.tensorrt import build_engine

GPU = Gpu(name="NVIDIA H200", compute="9.0", driver="570.86")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a GPU and libraries, whose cache is here."""
    monkeypatch.setattr(tensorrt_cache, "find_gpu", lambda: GPU)
    monkeypatch.setattr(tensorrt.ort, "get_available_providers", lambda: [TENSORRT])
    monkeypatch.setattr(tensorrt_cache, "cache_folder", lambda key: tmp_path / "cache" / key)
    return tmp_path / "cache"


def loader(asked: list[dict[str, Any]]) -> Any:
    def load(graph: Path, *, provider: str, options: dict[str, dict[str, str]]) -> Any:
        asked.append(options[TENSORRT])
        Path(options[TENSORRT]["trt_engine_cache_path"], "x.engine").write_bytes(b"engine")
        return load_session(graph, provider="cpu")[0], "TensorRT"

    return load


def build(folder: Path, load: Any, said: list[str] | None = None, batch: int = 4) -> Path:
    return build_engine(
        folder, batch=batch, say=(said if said is not None else []).append, load=load
    )


def refused(folder: Path, load: Any = None) -> str:
    with pytest.raises(ExportError) as error:
        build(folder, load or loader([]))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_engine_is_built_once_and_says_what_it_is_for(home: Path, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    asked: list[dict[str, Any]] = []
    said: list[str] = []
    made = build(folder, loader(asked), said)
    assert made.parent == home
    assert json.loads((made / READY).read_text())["gpu"]["name"] == "NVIDIA H200"
    assert (made / "x.engine").is_file()
    assert [path.name for path in home.iterdir()] == [made.name]
    assert any("done after" in line for line in said)
    assert build(folder, loader(asked), said) == made
    assert len(asked) == 1
    assert "is ready" in said[-1]


def test_another_batch_is_another_engine(home: Path, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    assert build(folder, loader([]), batch=4) != build(folder, loader([]), batch=8)


def test_progress_is_said_while_it_builds() -> None:
    import threading

    said: list[str] = []
    ticked = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            ticked.set()

    with tensorrt._progress("building", say, every=0.01):
        assert ticked.wait(30)
    assert said[0] == "building (minutes)"
    assert said[1].startswith("building: ")


def test_a_build_that_fails_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    from tonewatch.models.engine import ProviderError

    def load(graph: Path, **_: Any) -> Any:
        raise ProviderError("TensorRT was demanded, but CUDA loaded")

    assert "CUDA loaded" in refused(tiny_model(tmp_path / "tiny"), load)
    assert list(home.iterdir()) == []


def test_what_a_waiting_server_began_is_replaced(home: Path, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "tiny")
    made = build(folder, loader([]))
    (made / READY).unlink()
    (made / "half").write_text("")
    assert build(folder, loader([])) == made
    assert not (made / "half").exists()


def test_an_engine_that_answers_otherwise_is_not_kept(home: Path, tmp_path: Path) -> None:
    probe = {"samples": 16000, "logits": [50.0] * 9, "limit": 0.1}
    assert "answer to the probe" in refused(tiny_model(tmp_path / "tiny", probe=probe))
    assert list(home.iterdir()) == []


def test_logits_that_are_no_numbers_are_refused(home: Path, tmp_path: Path) -> None:
    class Broken:
        def run(self, names: list[str], feed: dict[str, Any]) -> list[Any]:
            return [np.full((1, 50, 9), np.nan, np.float32), np.zeros((1, 50, 4), np.float32)]

    assert "not finite" in refused(tiny_model(tmp_path / "tiny"), lambda *_, **__: (Broken(), ""))


def test_no_gpu_and_no_library_are_said(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_model(tmp_path / "tiny")
    monkeypatch.setattr(tensorrt.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert "tonewatch[gpu]" in refused(folder)
    monkeypatch.setattr(tensorrt_cache, "find_gpu", lambda: None)
    assert "no NVIDIA GPU found" in refused(folder)
