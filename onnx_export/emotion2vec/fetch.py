"""Fetching a published model through FunASR, which knows both hubs and resumes downloads."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import ExportError

IDS: Final = {
    "ms": "iic/{}",
    "hf": "emotion2vec/{}",
}


def fetch(model: str, hub: str, say: Callable[[str], None]) -> Path:
    """The local folder of a published model, downloaded if need be. Raises ExportError."""
    try:
        from funasr.download.download_model_from_hub import download_model
    except ImportError as error:
        raise ExportError(
            f"FunASR is not installed ({error}): pip install 'tonewatch[export]'"
        ) from error
    name = IDS[hub].format(model)
    say(f"fetching {name} (about 2 GB for large) if it is not there yet")
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told):
            answer = download_model(model=name, hub=hub)
        folder = Path(answer["model_path"])
    except Exception as error:  # the hubs' clients raise many unrelated types
        raise ExportError(_no_way(name, str(error))) from error
    if not (folder / "model.pt").is_file():
        raise ExportError(_no_way(name, told.getvalue().strip().splitlines()[-1:] or ["no files"]))
    return folder


def _no_way(name: str, reason: object) -> str:
    return (
        f"{name} could not be fetched ({reason}); with no network, copy the hub's folder here by "
        "hand and run: tonewatch export FOLDER"
    )
