"""Settings of the server."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ..models.settings import Section


def _by_commas(value: Any) -> Any:
    # An environment variable and `--set` can only give one text.
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Paths = Annotated[tuple[Path, ...], BeforeValidator(_by_commas)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_by_commas)]


class ServerSettings(Section):
    """Where the monitor is served, and to whom."""

    host: str = Field(
        "127.0.0.1", description="address to listen on; any but loopback needs a token"
    )
    port: int = Field(7860, ge=0, le=65535, description="port; 0 takes a free one")
    token: str = Field("", description="what programs and people must show")
    audio_dirs: Paths = Field(
        (), description="folders whose recordings may be named (`audio_path`, `path`)"
    )
    upload_mb: int = Field(200, ge=1, description="largest uploaded recording")
    origins: Texts = Field((), description="further origins whose pages may open sockets")
    resume_for_s: int = Field(60, ge=1, description="seconds a broken sender may come back")
    ingest_per_token: int = Field(200, ge=1, description="sessions that one token may hold")
