"""Which runtime serves a model, what is allowed to stand in, and that it is said."""

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.models.tiny import tiny_model
from tests.models.tiny_streaming import tiny_streaming_model

from tonewatch.models import providers
from tonewatch.models.engine import ProviderError
from tonewatch.models.manifest import Manifest
from tonewatch.models.onnx_session import TENSORRT
from tonewatch.models.providers import load
from tonewatch.models.registry import load_engine
from tonewatch.models.settings import EngineSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_model(tmp_path / "tiny")


def loaded(folder: Path, **words: Any) -> str:
    manifest = Manifest.load(folder).model_copy(update={"precision": words.pop("precision", "x")})
    words = {"provider": "auto", "threads": 1, "batch": 8, "fallback": False} | words
    return load(folder / "tiny.onnx", manifest, **words)[1]


def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ProviderError("OpenVINO is not installed")

    monkeypatch.setattr(providers, "load_openvino", missing)


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_demanded_provider_falls_back_only_where_allowed_and_says_so(
    folder: Path,
    provider: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(providers.tensorrt_cache, "cache_folder", lambda key: tmp_path / key)
    with pytest.raises(ProviderError, match=f"'{provider}' was demanded.*engine.fallback=true"):
        loaded(folder, provider=provider)
    assert loaded(folder, provider=provider, fallback=True).startswith("CPU instead of ")
    assert "could not be loaded; computing on CPU" in caplog.text


@pytest.mark.parametrize("provider", ["cuda", "tensorrt", "openvino"])
def test_a_model_that_remembers_falls_back_only_where_allowed_and_says_so(
    provider: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tiny_streaming_model(tmp_path / "tiny")
    asked = {"model": str(folder), "provider": provider}
    with pytest.raises(ProviderError, match=r"engine\.fallback=true") as error:
        load_engine(EngineSettings.model_validate(asked))
    assert "\n" not in str(error.value)
    engine = load_engine(EngineSettings.model_validate(asked | {"fallback": True}))
    assert engine.provider.startswith("CPU instead of ")
    assert "could not be loaded; computing on CPU" in caplog.text


def test_missing_libraries_are_our_line_alone(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ProviderError, match="'cuda' was demanded"):
        loaded(folder, provider="cuda")
    assert capfd.readouterr() == ("", "")


def test_openvino_demanded_by_name_must_be_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without_openvino(monkeypatch)
    with pytest.raises(ProviderError, match="not installed"):
        loaded(folder, provider="openvino")
    assert loaded(folder, provider="openvino", fallback=True) == "CPU instead of OpenVINO"
    assert "OpenVINO could not be loaded" in caplog.text


@pytest.mark.parametrize(
    ("precision", "installed", "taken"),
    [
        ("int8-static", True, "OpenVINO CPU"),
        ("int8-static", False, "CPU"),
        ("bf16", True, "OpenVINO CPU"),
        ("fp32", True, "CPU"),
        ("int8", True, "CPU"),
    ],
)
def test_auto_takes_openvino_where_it_wins_and_is_there(
    folder: Path, precision: str, installed: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def load_openvino(graph: Path, *, bf16: bool, **_: object) -> object:
        asked.append(bf16)
        return object()

    monkeypatch.setattr(providers, "wanted", lambda provider: "cpu")
    monkeypatch.setattr(providers.importlib.util, "find_spec", lambda name: installed or None)
    monkeypatch.setattr(providers, "load_openvino", load_openvino)
    assert loaded(folder, precision=precision) == taken
    assert asked == ([precision == "bf16"] if taken != "CPU" else [])


def test_tensorrt_gets_its_cache_and_says_that_it_must_build(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    given: dict[str, Any] = {}

    def load_session(graph: Path, **words: Any) -> tuple[object, str]:
        given.update(words)
        return object(), "TensorRT"

    monkeypatch.setattr(providers, "load_session", load_session)
    monkeypatch.setattr(providers.tensorrt_cache, "cache_folder", lambda key: tmp_path / key)
    with caplog.at_level(logging.WARNING):
        assert loaded(folder, provider="tensorrt") == "TensorRT"
    cache = Path(given["options"][TENSORRT]["trt_engine_cache_path"])
    assert cache.parent == tmp_path
    assert "tonewatch export --tensorrt tiny" in caplog.text
    caplog.clear()
    (cache / providers.tensorrt_cache.READY).write_text("{}")
    loaded(folder, provider="tensorrt")
    assert caplog.text == ""
