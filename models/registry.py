"""Where models lie, and which one is loaded."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from .engine import Engine, EngineError, ModelNotFoundError, ProviderError
from .funasr_folder import funasr_manifest, is_funasr
from .manifest import MANIFEST_NAME, Manifest, ManifestError
from .settings import EngineSettings

if TYPE_CHECKING:
    from .onnx_session import Provider

log = logging.getLogger(__name__)

EMBEDDED: Final = "compact-stream"
"""The model that is always there: `compact` in the form that reads only new sound."""

BEST_FIRST: Final = ("emotion2vec_plus_large", "emotion2vec_plus_base", "emotion2vec_plus_seed")
"""`auto` prefers these, in this order; then any other checked model; then `compact-stream`."""

WAY_UP: Final = "tonewatch export emotion2vec_plus_large"
"""The one line that gets the better model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model folder and what it says of itself."""

    folder: Path
    manifest: Manifest

    @classmethod
    def at(cls, folder: Path) -> "Model":
        """The model in a folder. Raises ManifestError."""
        return cls(folder=folder, manifest=Manifest.load(folder))

    @property
    def checked(self) -> bool:
        """Whether no recorded check failed."""
        return all(check.passed for check in self.manifest.checks)


def models_folder(settings: EngineSettings) -> Path:
    """The user's own models, outside the package."""
    return settings.models_dir or Path(platformdirs.user_data_dir("tonewatch", False), "models")


def embedded_folder() -> Path:
    """The models that the package carries."""
    return Path(__file__).parent


def available(settings: EngineSettings) -> list[Model]:
    """Every readable model, the user's own first; broken folders are named in the log."""
    models = []
    for home in (models_folder(settings), embedded_folder()):
        for path in sorted(home.glob(f"*/{MANIFEST_NAME}")):
            try:
                models.append(Model.at(path.parent))
            except ManifestError as error:
                log.warning("model left out: %s", error)
    return models


_ON_GPU: Final = ("fp16", "fp32")
_ON_CPU: Final = ("int8", "int8-static", "fp32", "bf16")
_ON_OPENVINO: Final = ("bf16", "int8-static", "int8", "fp32")
_WITHOUT_BF16: Final = ("int8-static", "int8", "fp32", "bf16")
"""Which precision of a model `auto` prefers, as measured (docs/measured.md); others come last."""


def _precisions(provider: "Provider", models: Sequence[Model]) -> tuple[str, ...]:
    """The order of precisions for what this machine would compute on."""
    from . import openvino_session
    from .onnx_session import wanted

    key = wanted(provider)
    if key in ("cuda", "tensorrt"):
        return _ON_GPU
    with_openvino = key == "openvino" or (provider == "auto" and bool(find_spec("openvino")))
    if not with_openvino:
        return _ON_CPU
    # Asking the processor takes OpenVINO half a second: only where it matters.
    asked = any(model.manifest.precision == "bf16" for model in models)
    return _ON_OPENVINO if not asked or openvino_session.has_bf16() else _WITHOUT_BF16


def _rank(model: Model, precisions: tuple[str, ...]) -> tuple[int, int, str]:
    name, precision = model.manifest.name, model.manifest.precision
    family = name.removesuffix(f"-{precision}")
    place = precisions.index(precision) if precision in precisions else len(precisions)
    if family in BEST_FIRST:
        return BEST_FIRST.index(family), place, name
    return len(BEST_FIRST) + _is_embedded(model), place, name


def find(settings: EngineSettings) -> Model:
    """The model that the settings name: `auto`, a name, or a folder. Raises ModelNotFoundError."""
    name = settings.model
    if name != "auto" and (Path(name).is_dir() or "/" in name or "\\" in name):
        folder = Path(name)
        if not folder.is_dir():
            raise ModelNotFoundError(f"model folder {name!r} does not exist")
        if is_funasr(folder):
            return Model(folder=folder, manifest=funasr_manifest(folder))
        return Model.at(folder)
    models = available(settings)
    if name == "auto":
        good = [
            model
            for model in models
            if model.checked and (model.manifest.name == EMBEDDED or not _is_embedded(model))
        ]
        if not good:
            raise ModelNotFoundError(
                f"no checked model in {models_folder(settings)} and none in the package"
            )
        precisions = _precisions(settings.provider, good)
        return min(good, key=lambda model: _rank(model, precisions))
    for model in models:
        if name in (model.manifest.name, model.folder.name):
            return model
    known = ", ".join(sorted({model.manifest.name for model in models})) or "none"
    raise ModelNotFoundError(
        f"unknown model {name!r}: known are {known}; further ones belong into "
        f"{models_folder(settings)} (get one by: {WAY_UP})"
    )


def _is_embedded(model: Model) -> bool:
    return embedded_folder() in model.folder.parents


def load_engine(settings: EngineSettings) -> Engine:
    """Find and load the model that the settings name. Raises EngineError or ManifestError."""
    from .centres import CENTRES_NAME, read_centres, stale
    from .onnx_engine import OnnxEngine
    from .streaming_engine import StreamingEngine

    model = find(settings)
    failed = [check.name for check in model.manifest.checks if not check.passed]
    if failed and not settings.force:
        raise EngineError(
            f"model {model.manifest.name}: failed its checks ({', '.join(failed)}); "
            "export or train it again, or load it all the same with --force"
        )
    if settings.model == "auto":
        _tell_choice(settings, model)
    missing = [label for label in ("fearful", "disgusted") if label not in model.manifest.known]
    if missing:
        log.warning(
            "model %s does not know %s: the fear/disgust decision is off",
            model.manifest.name,
            " and ".join(missing),
        )
    if (model.folder / CENTRES_NAME).is_file():
        why = stale(read_centres(model.folder / CENTRES_NAME), model.manifest)
        if why:
            log.warning("%s; until then nothing helps to name one of the two", why)
    if is_funasr(model.folder):
        return _funasr(model.folder, settings)
    if model.manifest.streaming is not None:
        return StreamingEngine(
            model.folder,
            provider=settings.provider,
            threads=settings.threads,
            batch=settings.batch,
            fallback=settings.fallback,
        )
    return OnnxEngine(
        model.folder,
        provider=settings.provider,
        threads=settings.threads,
        batch=settings.batch,
        fallback=settings.fallback,
        force=settings.force,
    )


def _tell_choice(settings: EngineSettings, chosen: Model) -> None:
    """What `auto` took, what it left out, and how to get a better model."""
    for model in available(settings):
        if not model.checked:
            log.warning(
                "model %s failed its checks and is left out; all the same: --model %s --force",
                model.manifest.name,
                model.manifest.name,
            )
    way = way_up(chosen.manifest)
    better = f"; a better one: {way}" if way else ""
    log.info("model auto took %s%s", chosen.manifest.name, better)


def _funasr(folder: Path, settings: EngineSettings) -> Engine:
    from .funasr_engine import FunasrEngine
    from .onnx_session import default_threads, fallen_back

    if settings.provider not in ("auto", "cpu"):
        if not settings.fallback:
            raise ProviderError(
                f"{folder}: FunASR computes on the CPU here, not by {settings.provider}: choose "
                f"--provider cpu, or make a graph of it: tonewatch export {folder}"
            )
        fallen_back(settings.provider, "CPU")
    return FunasrEngine(folder, threads=settings.threads or default_threads())


def way_up(manifest: Manifest) -> str:
    """The line that gets a better model; empty where the best one is loaded."""
    return "" if manifest.name.startswith(BEST_FIRST[0]) else WAY_UP
