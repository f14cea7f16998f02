import sys
import types
from pathlib import Path

import pytest

from tonewatch.onnx_export.emotion2vec.fetch import fetch
from tonewatch.onnx_export.errors import ExportError

HUB = "funasr.download.download_model_from_hub"


def hub(monkeypatch: pytest.MonkeyPatch, download: object) -> None:
    module = types.ModuleType(HUB)
    module.download_model = download  # type: ignore[attr-defined]
    for name in ("funasr", "funasr.download"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, HUB, module)


def test_the_folder_that_the_hub_gives_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.pt").write_bytes(b"x")
    asked: list[dict[str, str]] = []

    def download(**words: str) -> dict[str, str]:
        asked.append(words)
        return {"model_path": str(tmp_path)}

    hub(monkeypatch, download)
    assert fetch("emotion2vec_plus_base", "hf", lambda line: None) == tmp_path
    assert asked == [{"model": "emotion2vec/emotion2vec_plus_base", "hub": "hf"}]


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(**_: str) -> dict[str, str]:
        raise ConnectionError("no route to host")

    hub(monkeypatch, download)
    with pytest.raises(ExportError, match=r"no route to host.*tonewatch export FOLDER"):
        fetch("emotion2vec_plus_base", "ms", lambda line: None)


def test_a_download_without_weights_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(monkeypatch, lambda **_: {"model_path": str(tmp_path)})
    with pytest.raises(ExportError, match="could not be fetched"):
        fetch("emotion2vec_plus_base", "ms", lambda line: None)
