"""What the application is put together from; made at the front door."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from ..stream.board import Board
from ..stream.bus import Bus
from ..stream.monitor import Monitor
from ..stream.offline import Tools
from ..stream.record.audit import AuditLog
from ..stream.record.recorder import Recorder
from ..stream.record.removal import Remover
from ..stream.review.store import Reviews
from ..stream.settings import StreamSettings
from ..stream.sources.directory import Directory
from ..stream.store import Store
from .settings import ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The rooms behind the server."""

    server: ServerSettings
    stream: StreamSettings
    monitor: Monitor
    recorder: Recorder
    bus: Bus
    board: Board
    directory: Directory
    store: Store
    reviews: Reviews
    remover: Remover
    audit: AuditLog
    tools: Callable[[], Tools]
    """An engine of its own for uploads and predictions: the live one belongs to its thread."""
    demo: Path
    """The demo call."""
    static: Path = field(default=Path(__file__).with_name("static"))
    """The built page."""

    @property
    def output(self) -> Path:
        """Folder of all session folders."""
        return self.stream.record.output


def who_asks(request: Request) -> str:
    """Whom the audit log names: the address, for nobody has an account."""
    return request.client.host if request.client else "system"
