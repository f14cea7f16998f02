"""Settings of the engine's room, and the base that every room's section shares."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen group of settings: name, type, default, range and help stand in one place."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class EngineSettings(Section):
    """Which model reads the windows, and on what."""

    model: str = Field("auto", description="model name, folder, or `auto`: the best checked one")
    models_dir: Path | None = Field(
        None, description="folder of further models; default: the user's data folder"
    )
    provider: Literal["auto", "cpu", "cuda", "tensorrt", "openvino"] = Field(
        "auto", description="where to compute; one demanded by name must load, else it is an error"
    )
    fallback: bool = Field(
        False, description="compute elsewhere, and say so, where the demanded provider cannot load"
    )
    threads: int = Field(
        0, ge=0, description="threads inside one engine call; 0: cores minus one, at least one"
    )
    batch: int = Field(32, ge=1, le=256, description="most windows in one engine call")
    max_wait_ms: float = Field(
        10.0, ge=0, description="longest time a window waits for others to share its call"
    )
    force: bool = Field(False, description="load a model although its checks failed")
