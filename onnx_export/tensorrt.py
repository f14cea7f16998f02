"""`tonewatch export --tensorrt`: a model's TensorRT engine, built before it is needed.

Order, keys and clean-up are tested without the libraries; never run on a GPU so far.
"""

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort

from ..models import tensorrt_cache as cache
from ..models.engine import EngineError
from ..models.manifest import Manifest
from ..models.onnx_answers import check_graph
from ..models.onnx_session import TENSORRT, load_session
from ..models.probe import distance, probe_wave
from .errors import ExportError

Say = Callable[[str], None]
Load = Callable[..., tuple[Any, str]]

_EVERY_S: Final = 10.0


def build_engine(folder: Path, *, batch: int, say: Say, load: Load = load_session) -> Path:
    """Build the engine of a model folder for this machine's GPU; return its cache folder.

    A complete one is left as it is. A failure leaves nothing behind. Raises ExportError.
    """
    manifest = Manifest.load(folder)
    gpu = cache.find_gpu()
    if gpu is None:
        raise ExportError(
            "no NVIDIA GPU found (nvidia-smi): an engine is built on the GPU that will serve"
        )
    if TENSORRT not in ort.get_available_providers():
        raise ExportError("this ONNX Runtime knows no TensorRT: pip install 'tonewatch[gpu]'")
    graph = folder / manifest.graph
    profile = cache.profile_of(manifest.lengths, batch, manifest.precision)
    facts = cache.facts(manifest.sha256, gpu, profile, cache.versions())
    target = cache.cache_folder(cache.cache_key(facts))
    if cache.is_ready(target):
        say(f"{target} is ready")
        return target
    try:
        check_graph(graph, manifest)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".build.", dir=target.parent) as scratch:
            made = Path(scratch, target.name)
            made.mkdir()
            with _progress(f"building {manifest.name} for {gpu.name}", say):
                options = {TENSORRT: cache.options(made, profile)}
                session, _ = load(graph, provider="tensorrt", options=options)
                found = _answer(session, manifest, batch)
            ready = json.dumps(facts | {"probe_distance": found}, indent=1)
            (made / cache.READY).write_text(ready, encoding="utf-8")
            # What a serve that did not wait has begun there is not complete.
            if target.exists():
                target.rename(Path(scratch, "unfinished"))
            return made.rename(target)
    except EngineError as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(f"{target}: cannot be written: {error.strerror or error}") from error


def _answer(session: Any, manifest: Manifest, batch: int) -> float | None:
    """Run the smallest and the largest shape; return the distance of the probe, if it is known."""
    for size, samples in ((1, manifest.lengths[0]), (batch, manifest.lengths[-1])):
        wave = np.repeat(probe_wave(samples)[None], size, axis=0)
        logits, _ = session.run(["logits", "features"], {"wave": wave})
        if not np.isfinite(logits).all():
            raise ExportError(f"{manifest.name}: TensorRT's logits are not finite: take fp32")
    if manifest.probe is None:
        return None
    known = np.array([label in manifest.known for label in manifest.labels])
    wave = probe_wave(manifest.probe.samples)[None]
    logits, _ = session.run(["logits", "features"], {"wave": wave})
    found = distance(logits[0], manifest.probe.logits, known)
    if not found <= manifest.probe.limit:
        raise ExportError(
            f"{manifest.name}: TensorRT's answer to the probe is {found:.3g} from fp32's, "
            f"{manifest.probe.limit:.3g} is allowed: take another precision"
        )
    return found


@contextlib.contextmanager
def _progress(what: str, say: Say, every: float = _EVERY_S) -> Iterator[None]:
    """Say how long it has taken: the builder itself tells nothing."""
    done = threading.Event()
    begun = time.monotonic()

    def tell() -> None:
        while not done.wait(every):
            say(f"{what}: {time.monotonic() - begun:.0f} s")

    say(f"{what} (minutes)")
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
    say(f"{what}: done after {time.monotonic() - begun:.0f} s")
