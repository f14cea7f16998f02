"""Where TensorRT's engines are kept, under which key, and with which options.

An engine fits one graph on one kind of GPU with one version of TensorRT, built for one range of
shapes: all of that is in the key, so that a stale engine is never found. Key and options are tested
without the libraries; never run on a GPU so far.
"""

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import onnxruntime as ort
import platformdirs

READY: Final = "engine.json"
"""In a cache folder: what the engine was built for, written when it was complete."""
_PACKAGES: Final = ("tensorrt", "tensorrt-cu12", "tensorrt-cu13")
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU as far as an engine depends on it."""

    name: str
    compute: str
    """Compute capability, as "9.0"."""
    driver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The shapes that an engine is built for, and its precision."""

    lengths: tuple[int, ...]
    """Samples of a window, rising."""
    batch: int
    """Largest batch."""
    fp16: bool

    def shapes(self) -> dict[str, str]:
        """ONNX Runtime's options for the range of shapes; it is fastest at the full window."""
        full = f"wave:{self.batch}x{self.lengths[-1]}"
        return {
            "trt_profile_min_shapes": f"wave:1x{self.lengths[0]}",
            "trt_profile_opt_shapes": full,
            "trt_profile_max_shapes": full,
        }


def find_gpu() -> Gpu | None:
    """The first GPU that nvidia-smi tells of, without any of NVIDIA's libraries."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = "--query-gpu=name,compute_cap,driver_version"
    try:
        done = subprocess.run(
            [program, query, "--format=csv,noheader"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = [field.strip() for field in done.stdout.partition("\n")[0].split(",")]
    if done.returncode != 0 or len(fields) != 3:
        return None
    return Gpu(name=fields[0], compute=fields[1], driver=fields[2])


def versions() -> dict[str, str]:
    """Versions that an engine depends on: ONNX Runtime's and, where it is installed, TensorRT's."""
    found = {"onnxruntime": str(ort.__version__)}
    for package in _PACKAGES:
        try:
            found["tensorrt"] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def facts(
    graph_sha256: str, gpu: Gpu | None, profile: Profile, versions: Mapping[str, str]
) -> dict[str, object]:
    """All that an engine depends on, ready for JSON."""
    return {
        "graph": graph_sha256,
        "gpu": asdict(gpu) if gpu else None,
        "profile": asdict(profile) | {"lengths": list(profile.lengths)},
        "versions": dict(sorted(versions.items())),
    }


def cache_key(facts: Mapping[str, object]) -> str:
    """Twenty hexadecimal digits of the facts' SHA-256."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]


def cache_folder(key: str, home: Path | None = None) -> Path:
    """Where the engine of that key is kept: the user's cache, or below `home`."""
    return (home or Path(platformdirs.user_cache_dir("tonewatch", False), "tensorrt")) / key


def is_ready(folder: Path) -> bool:
    """Whether the folder holds a complete engine."""
    return (folder / READY).is_file()


def options(folder: Path, profile: Profile) -> dict[str, str]:
    """ONNX Runtime's options for TensorRT with its engine cache in `folder`."""
    return {
        **profile.shapes(),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": "1" if profile.fp16 else "0",
        # In fp16 the variance of a wide layer overflows.
        "trt_layer_norm_fp32_fallback": "1",
        "trt_max_workspace_size": str(8 * _GIB),
    }


def profile_of(lengths: Sequence[int], batch: int, precision: str) -> Profile:
    """The profile that serves a model's windows."""
    return Profile(lengths=tuple(lengths), batch=batch, fp16=precision == "fp16")
