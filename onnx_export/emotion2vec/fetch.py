"""Fetching a published model through FunASR, which knows both hubs and takes up broken downloads.

What lies in a hub's cache is used without asking the network. Whatever came is compared with the
published SHA-256; a file that differs is deleted and fetched once more.
"""

import contextlib
import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

from ...models.funasr_folder import FILES, missing_files
from ..errors import ExportError
from .checkpoint import differing
from .pins import BYTES

Hub = Literal["ms", "hf"]
Say = Callable[[str], None]

IDS: Final[dict[Hub, str]] = {"ms": "iic/{}", "hf": "emotion2vec/{}"}
_CACHES: Final[dict[Hub, str]] = {"ms": "MODELSCOPE_CACHE", "hf": "HF_HOME"}
_NAMES: Final[dict[Hub, str]] = {"ms": "ModelScope", "hf": "Hugging Face"}


def fetch(model: str, hub: Hub, say: Say) -> Path:
    """The local folder of a published model, downloaded if need be. Raises ExportError.

    Both hubs' caches are searched first. Progress is the hub client's own, on stderr.
    """
    for cached in (hub, *(other for other in get_args(Hub) if other != hub)):
        folder = _cached(IDS[cached].format(model), cached)
        if folder and not missing_files(folder) and not differing(folder, model):
            say(f"found {folder}")
            return folder
    size = f", {BYTES[model] / 1e9:.2f} GB" if model in BYTES else ""
    say(f"fetching {IDS[hub].format(model)} from {_NAMES[hub]}{size}; a broken download goes on")
    folder = _download(model, hub)
    broken = differing(folder, model)
    if broken:
        say(f"{', '.join(broken)}: not the published file; fetching it once more")
        _forget(folder, broken)
        folder = _download(model, hub)
        broken = differing(folder, model)
    if broken:
        _forget(folder, broken)
        raise ExportError(
            f"{model}: {', '.join(broken)} from {_NAMES[hub]} differ from the published SHA-256, "
            f"twice; deleted. Try the other hub (--hub {'hf' if hub == 'ms' else 'ms'})"
        )
    return folder


def _download(model: str, hub: Hub) -> Path:
    """FunASR's own download; its clients resume what is there. Raises ExportError."""
    try:
        from funasr.download import download_model_from_hub as funasr_hubs
    except ImportError as error:
        raise ExportError(
            f"FunASR is not installed ({error}): pip install 'tonewatch[export]'"
        ) from error
    name = IDS[hub].format(model)
    get = {
        "ms": funasr_hubs.get_or_download_model_dir,
        "hf": funasr_hubs.get_or_download_model_dir_hf,
    }[hub]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            # Of ModelScope's v2.0.5 one file (tokens.txt) is outdated: the newest state it is.
            folder = Path(get(name, "master" if hub == "ms" else None, check_latest=False))
    except Exception as error:  # the hubs' clients raise many unrelated types
        if _is_full(error):
            raise ExportError(
                f"{model}: no space left where {_NAMES[hub]}'s client keeps its files: make room, "
                f"or name another place with {_CACHES[hub]}, and run the command again: it goes on"
            ) from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ExportError(_no_way(model, hub, reason)) from error
    missing = missing_files(folder)
    if missing:
        raise ExportError(_no_way(model, hub, f"{', '.join(missing)} did not come"))
    return folder


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is at the bottom of it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__ or error.__context__
    return False


def _cached(name: str, hub: Hub) -> Path | None:
    """Where the hub's client keeps the model, found without the network."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if hub == "ms":
                from modelscope.hub.snapshot_download import snapshot_download
            else:
                from huggingface_hub import snapshot_download
            return Path(snapshot_download(name, local_files_only=True))
    except Exception:  # whatever the reason: it is not there to be used
        return None


def _forget(folder: Path, files: list[str]) -> None:
    """Delete files, also where the cache's folder only links to them."""
    for file in files:
        (folder / file).resolve().unlink(missing_ok=True)
        (folder / file).unlink(missing_ok=True)


def _no_way(model: str, hub: Hub, reason: str) -> str:
    return (
        f"{model} could not be fetched from {_NAMES[hub]} ({reason}); run the command again to go "
        f"on, try --hub {'hf' if hub == 'ms' else 'ms'}, or, with no network, bring "
        f"{', '.join(FILES)} here by hand in a folder named {model} and run: "
        f"tonewatch export {model}/"
    )
