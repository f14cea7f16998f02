"""Key and options of the engine cache; no GPU and none of its libraries is needed."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from tonewatch.models import tensorrt_cache
from tonewatch.models.tensorrt_cache import (
    READY,
    Gpu,
    Profile,
    cache_folder,
    cache_key,
    facts,
    find_gpu,
    is_ready,
    options,
    profile_of,
    versions,
)

GPU = Gpu(name="NVIDIA H200", compute="9.0", driver="570.86")
PROFILE = Profile(lengths=(16000, 48000), batch=8, fp16=True)
VERSIONS = {"tensorrt": "10.9.0", "onnxruntime": "1.24.1"}


def key(
    *,
    graph: str = "ab",
    gpu: Gpu | None = GPU,
    profile: Profile = PROFILE,
    versions: dict[str, str] = VERSIONS,
) -> str:
    return cache_key(facts(graph, gpu, profile, versions))


@pytest.mark.parametrize(
    "other",
    [
        key(graph="cd"),
        key(gpu=dataclasses.replace(GPU, name="NVIDIA L4")),
        key(gpu=dataclasses.replace(GPU, compute="8.9")),
        key(gpu=dataclasses.replace(GPU, driver="571.0")),
        key(gpu=None),
        key(profile=dataclasses.replace(PROFILE, lengths=(16000, 24000, 48000))),
        key(profile=dataclasses.replace(PROFILE, batch=16)),
        key(profile=dataclasses.replace(PROFILE, fp16=False)),
        key(versions=VERSIONS | {"tensorrt": "10.10.0"}),
        key(versions=VERSIONS | {"onnxruntime": "1.25.0"}),
    ],
)
def test_whatever_an_engine_depends_on_changes_its_key(other: str) -> None:
    assert other != key()


def test_the_key_does_not_depend_on_the_order_of_facts() -> None:
    assert key(versions=dict(reversed(VERSIONS.items()))) == key()
    assert len(key()) == 20


def test_the_profile_spans_all_windows_and_batches() -> None:
    assert PROFILE.shapes() == {
        "trt_profile_min_shapes": "wave:1x16000",
        "trt_profile_opt_shapes": "wave:8x48000",
        "trt_profile_max_shapes": "wave:8x48000",
    }


def test_the_options_are_text_and_name_the_cache(tmp_path: Path) -> None:
    found = options(tmp_path, PROFILE)
    assert all(isinstance(value, str) for value in found.values())
    assert found["trt_engine_cache_enable"] == "1"
    assert found["trt_engine_cache_path"] == str(tmp_path)
    assert found["trt_fp16_enable"] == "1"
    assert options(tmp_path, profile_of((16000,), 1, "fp32"))["trt_fp16_enable"] == "0"


def test_a_folder_is_ready_when_its_engine_is_complete(tmp_path: Path) -> None:
    folder = cache_folder("abc", tmp_path)
    assert folder == tmp_path / "abc"
    folder.mkdir()
    assert not is_ready(folder)
    (folder / READY).write_text("{}")
    assert is_ready(folder)


def test_the_runtimes_version_is_known() -> None:
    assert "onnxruntime" in versions()


def answer(monkeypatch: pytest.MonkeyPatch, stdout: str, code: int = 0) -> None:
    monkeypatch.setattr(tensorrt_cache.shutil, "which", lambda name: "/bin/nvidia-smi")
    done = subprocess.CompletedProcess([], code, stdout=stdout, stderr="")
    monkeypatch.setattr(tensorrt_cache.subprocess, "run", lambda *_, **__: done)


def test_the_gpu_is_the_first_that_nvidia_smi_names(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, "NVIDIA H200, 9.0, 570.86\nNVIDIA L4, 8.9, 570.86\n")
    assert find_gpu() == GPU


@pytest.mark.parametrize(("stdout", "code"), [("", 0), ("No devices were found\n", 6), ("x", 0)])
def test_no_gpu_is_none(monkeypatch: pytest.MonkeyPatch, stdout: str, code: int) -> None:
    answer(monkeypatch, stdout, code)
    assert find_gpu() is None


def test_without_nvidia_smi_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorrt_cache.shutil, "which", lambda name: None)
    assert find_gpu() is None
