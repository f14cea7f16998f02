"""A provider is chosen openly and read back."""

from pathlib import Path

import pytest
from tests.models.tiny import tiny_model

from tonewatch.models import onnx_session
from tonewatch.models.engine import EngineError, ProviderError
from tonewatch.models.onnx_session import default_threads, load_session


def graph(folder: Path) -> Path:
    return tiny_model(folder) / "tiny.onnx"


def test_the_cpu_is_named_as_what_it_is(tmp_path: Path) -> None:
    session, provider = load_session(graph(tmp_path), provider="cpu")
    assert provider == "CPU"
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_a_provider_that_was_demanded_and_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_cpu = ["CPUExecutionProvider"]
    monkeypatch.setattr(onnx_session.ort, "get_available_providers", lambda: only_cpu)
    with pytest.raises(ProviderError, match="'cuda' was demanded, but CPU loaded"):
        load_session(graph(tmp_path), provider="cuda")


def test_a_file_that_is_no_graph_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(EngineError, match=r"bad\.onnx: not a graph"):
        load_session(tmp_path / "bad.onnx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"none\.onnx: cannot be read"):
        load_session(tmp_path / "none.onnx")


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7), (None, 1)])
def test_one_core_is_left_to_the_sound(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int
) -> None:
    monkeypatch.setattr(onnx_session.os, "cpu_count", lambda: cores)
    assert default_threads() == threads


def test_threads_are_set_and_do_not_spin(tmp_path: Path) -> None:
    session, _ = load_session(graph(tmp_path), provider="cpu", threads=3)
    options = session.get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_graph_of_another_version_is_refused_in_one_line(tmp_path: Path) -> None:
    import onnx

    path = graph(tmp_path)
    model = onnx.load(str(path))
    model.opset_import[0].version = 9999
    path.write_bytes(model.SerializeToString())
    with pytest.raises(EngineError, match=r"tiny\.onnx: not a graph.*opset") as error:
        load_session(path)
    assert "\n" not in str(error.value)
