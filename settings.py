"""One frozen Settings object, made at the front door from file, environment and options."""

from .dashboard.settings import ServerSettings
from .models.settings import EngineSettings, Section
from .stream.settings import StreamSettings


class Settings(Section):
    """Everything the product can be told; each room receives its own section."""

    engine: EngineSettings = EngineSettings()
    stream: StreamSettings = StreamSettings()
    server: ServerSettings = ServerSettings()
