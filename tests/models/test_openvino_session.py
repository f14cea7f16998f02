"""What is said without OpenVINO; with it, the same numbers as ONNX Runtime."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from tests.models.tiny import tiny_model

from tonewatch.models.engine import EngineError, ProviderError
from tonewatch.models.openvino_session import has_bf16, load_openvino


def test_a_missing_library_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ProviderError, match=r"not installed.*tonewatch\[openvino\]"):
        load_openvino(tmp_path / "x.onnx", threads=1)


def test_bf16_is_refused_where_the_processor_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Core:
        def get_property(self, device: str, name: str) -> list[str]:
            return ["FP32", "INT8"]

    fake = types.ModuleType("openvino")
    fake.Core = Core  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openvino", fake)
    with pytest.raises(ProviderError, match="no bf16 instructions"):
        load_openvino(tmp_path / "x.onnx", threads=1, bf16=True)


def test_bf16_is_asked_of_the_processor_and_is_none_without_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def core(*found: str) -> types.ModuleType:
        class Core:
            def get_property(self, device: str, name: str) -> list[str]:
                return list(found)

        fake = types.ModuleType("openvino")
        fake.Core = Core  # type: ignore[attr-defined]
        return fake

    for module, has in ((core("FP32", "BF16"), True), (core("FP32"), False), (None, False)):
        monkeypatch.setitem(sys.modules, "openvino", module)
        assert has_bf16() is has


@pytest.mark.torch
def test_it_gives_onnx_runtimes_numbers_in_arrays_of_their_own(tmp_path: Path) -> None:
    from tonewatch.models.onnx_session import load_session

    graph = tiny_model(tmp_path / "tiny") / "tiny.onnx"
    session = load_openvino(graph, threads=1, cache=tmp_path / "cache")
    reference, _ = load_session(graph, provider="cpu")
    assert [node.name for node in session.get_inputs()] == ["wave"]
    assert {node.name for node in session.get_outputs()} == {"logits", "features"}
    for samples in (16000, 48000):
        noise = np.random.default_rng(samples).standard_normal((1, samples)).astype(np.float32)
        wanted = reference.run(["logits", "features"], {"wave": noise})
        found = session.run(["logits", "features"], {"wave": noise})
        session.run(["logits"], {"wave": noise * 2})
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.torch
def test_a_file_that_is_no_graph_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match=r"bad\.onnx: not a graph that OpenVINO can load"):
        load_openvino(tmp_path / "bad.onnx", threads=1)
