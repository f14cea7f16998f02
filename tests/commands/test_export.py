"""`tonewatch export`: what it says before it begins; exporting itself is tested in its room."""

import signal
from pathlib import Path

import pytest
from tests.models.tiny import tiny_model

from tonewatch.models import tensorrt_cache

from .shell import tonewatch


def test_an_unknown_precision_is_refused() -> None:
    answer = tonewatch("export", "emotion2vec_plus_large", "--precision", "int3")
    assert answer.exit_code == 2
    assert "int3" in answer.output


@pytest.mark.torch
def test_an_unknown_model_is_named_with_those_there_are() -> None:
    answer = tonewatch("export", "oracle")
    assert answer.exit_code == 1
    assert "neither a folder nor one of emotion2vec_plus_large" in answer.output


@pytest.mark.torch
def test_a_folder_that_is_no_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    answer = tonewatch("export", str(tmp_path / "mine"), "--models-dir", str(tmp_path / "models"))
    assert answer.exit_code == 1
    assert answer.output.count("\n") == 2  # what is read, and what is missing
    assert "model.pt, config.yaml, configuration.json, tokens.txt missing" in answer.output
    assert not (tmp_path / "models").exists()


def test_a_model_that_failed_its_checks_is_not_called_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tonewatch.commands import export

    failed = [{"name": "parity", "value": 1.0, "limit": 0.1, "passed": False}]
    folders = [tiny_model(tmp_path / "good"), tiny_model(tmp_path / "bad", checks=failed)]
    monkeypatch.setattr(export, "_export", lambda *_: folders)
    answer = tonewatch("export", "emotion2vec_plus_base")
    assert answer.exit_code == 1
    assert f"{folders[0]} is ready (loaded in " in answer.output
    # By its path: --models-dir is not where serve looks for names.
    assert f"s, CPU): tonewatch serve --model {folders[0]}\n" in answer.output
    assert f"tonewatch calibrate {folders[0]} CLIPS.csv" in answer.output
    assert "tonewatch: bad failed checks and will be loaded by --force alone" in answer.output
    assert f"{folders[1]} is ready" not in answer.output


def test_an_export_that_is_not_served_here_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tonewatch.commands import export

    probe = {"samples": 16000, "logits": [50.0] * 9, "limit": 0.1}
    folder = tiny_model(tmp_path / "mine", probe=probe)
    monkeypatch.setattr(export, "_export", lambda *_: [folder])
    answer = tonewatch("export", "emotion2vec_plus_base")
    assert answer.exit_code == 1
    assert f"{folder} was exported but is not served here: model mine: on this" in answer.output


def test_sigterm_stops_an_export_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from tonewatch.commands import export

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(export, "_export", lambda *_: signal.raise_signal(signal.SIGTERM))
    answer = tonewatch("export", "emotion2vec_plus_base")
    assert answer.exit_code == 1
    assert "Aborted" in answer.output
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("by_name", [True, False])
def test_tensorrt_takes_a_model_that_was_exported_and_says_when_there_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_name: bool
) -> None:
    pytest.importorskip("onnx")
    folder = tiny_model(tmp_path / "mine")
    monkeypatch.setattr(tensorrt_cache, "find_gpu", lambda: None)
    words = ["mine", "--models-dir", str(tmp_path)] if by_name else [str(folder)]
    answer = tonewatch("export", "--tensorrt", *words)
    assert answer.exit_code == 1
    assert "tonewatch: no NVIDIA GPU found" in answer.output
    assert answer.output.count("\n") == 1
