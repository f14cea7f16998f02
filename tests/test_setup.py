"""What an installation holds: one package, everything it needs to run, nothing else."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tonewatch

ROOT = Path(__file__).parent.parent
MACHINES = {
    "Linux, Intel": ("linux", "x86_64", "onnxruntime-gpu"),
    "Linux, ARM": ("linux", "aarch64", "onnxruntime"),
    "Windows": ("win32", "AMD64", "onnxruntime-gpu"),
    "Mac, Apple": ("darwin", "arm64", "onnxruntime"),
    "Mac, Intel": ("darwin", "x86_64", "onnxruntime"),
}


def build(target: str, folder: Path, root: Path = ROOT) -> Path:
    """Build without an isolated environment: hatchling is one of the dev tools."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return set(zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel"))).namelist())


def test_a_wheel_spills_nothing_beside_the_one_package(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert tops == {"tonewatch", f"tonewatch-{tonewatch.__version__}.dist-info"}


@pytest.mark.parametrize(
    "file",
    [
        "__main__.py",
        "py.typed",
        "commands/serve.py",
        "dashboard/static/index.html",
        "examples/demo_call.flac",
        "models/compact/model.json",
        "stream/listener/speech_gate.onnx",
    ],
)
def test_a_wheel_carries_what_runs_without_a_network(wheel: set[str], file: str) -> None:
    assert f"tonewatch/{file}" in wheel


def test_a_wheel_leaves_out_what_only_builds_and_tests(wheel: set[str]) -> None:
    assert [
        name
        for name in wheel
        if name.startswith(("tonewatch/tests", "tonewatch/dashboard/ui"))
        or "__pycache__" in name
        or "hatch_build" in name
    ] == []


def test_a_wheel_from_the_source_archive_is_the_same(wheel: set[str], tmp_path: Path) -> None:
    archive = build("sdist", tmp_path / "sdist")
    (tmp_path / "source").mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path / "source"], check=True)
    (source,) = (tmp_path / "source").iterdir()
    again = build("wheel", tmp_path / "wheel", source)
    assert set(zipfile.ZipFile(again).namelist()) == wheel


@pytest.mark.parametrize("machine", MACHINES)
def test_one_onnxruntime_for_each_machine_never_both(machine: str) -> None:
    platform, processor, expected = MACHINES[machine]
    environment = {"sys_platform": platform, "platform_machine": processor, "extra": ""}
    wanted = [
        requirement.name
        for requirement in map(Requirement, distribution("tonewatch").requires or [])
        if requirement.name.startswith("onnxruntime")
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    ]
    assert wanted == [expected]


def test_neither_torch_nor_funasr_is_needed_to_run() -> None:
    needed = {
        requirement.name
        for requirement in map(Requirement, distribution("tonewatch").requires or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert not needed & {"torch", "funasr", "scikit-learn"}


def test_everything_that_is_installed_is_pinned() -> None:
    pins = {
        re.split("[=; ]", line)[0]
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.sub(r"[-_.]+", "-", Requirement(line).name).lower()
        for lines in (project["dependencies"], *extras.values())
        for line in lines
    }
    assert wanted - pins == set(), "run make pins"


def test_the_command_answers_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tonewatch", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert tonewatch.__version__ in done.stdout


@pytest.mark.slow
def test_an_installed_wheel_runs_without_the_sources(tmp_path: Path) -> None:
    wheel = build("wheel", tmp_path / "wheel")
    python = tmp_path / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, python.parents[1]], check=True)
    subprocess.run(
        [*uv, "pip", "install", "-q", "--python", python, "-c", ROOT / "constraints.txt", wheel],
        check=True,
    )
    code = (
        "import tonewatch.stream.sources.demo as demo, soundfile;"
        "print(soundfile.info(demo.demo_call()).frames > 0, demo.__file__)"
    )
    told = subprocess.check_output([python, "-I", "-c", code], cwd=tmp_path, text=True)
    assert told.startswith("True")
    assert "site-packages/tonewatch/" in told
    models = subprocess.check_output([python, "-m", "tonewatch", "models"], cwd=tmp_path, text=True)
    assert "compact" in models


@pytest.mark.slow
def test_an_environment_is_made_where_python_has_no_ensurepip(tmp_path: Path) -> None:
    """As on Debian without python3-venv."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\ncase "$*" in *ensurepip*|*"-m venv"*) exit 1;; esac\n'
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    subprocess.run(["sh", ROOT / "tools" / "make-venv", python], cwd=tmp_path, check=True)
    told = subprocess.check_output([tmp_path / ".venv/bin/python", "-m", "uv", "--version"])
    assert told.startswith(b"uv ")
